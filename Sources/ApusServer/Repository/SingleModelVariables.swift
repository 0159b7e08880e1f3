internal import ApusCore
internal import ApusStorage

/// One model in one object, as `S3_BUCKET_NAME`, `S3_MODEL_KEY` and `LOCAL_MODEL_PATH` name it.
enum SingleModelVariables {
    /// The store with that model; `nil` when none of the variables is set.
    static func store(_ environment: [String: String]) throws(RuntimeFailure) -> (any ObjectStore)? {
        nil
    }
}

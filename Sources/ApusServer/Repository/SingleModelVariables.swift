internal import ApusCore
internal import ApusStorage

/// One model in one object, as `S3_BUCKET_NAME`, `S3_MODEL_KEY` and `LOCAL_MODEL_PATH` name it.
///
/// With any of the three set, the others default to `my-model-bucket`, `models/model_v1.pt` and `model.pt` in the temporary
/// folder.
enum SingleModelVariables {
    /// The store with that model; `nil` when none of the variables is set.
    ///
    /// - Throws: `repository` for a key that can't be one, or an endpoint or region that can't.
    static func store(
        _ configuration: ServerConfiguration,
        patience: Int64
    ) throws(RuntimeFailure) -> SingleObjectStore? {
        let environment = configuration.environment
        let named = ["S3_BUCKET_NAME", "S3_MODEL_KEY", "LOCAL_MODEL_PATH"].map { name in
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        guard named.contains(where: { $0 != nil }) else { return nil }
        let temporary = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let localPath = named[2] ?? "\(temporary)/model.pt"
        guard let key = ObjectKey(named[1] ?? "models/model_v1.pt") else {
            let words = "S3_MODEL_KEY can't be an object's name: expected for example models/model_v1.onnx"
            throw RuntimeFailure(.repository, words)
        }
        do throws(StorageError) {
            let bucket = try OpenStore.open(
                "s3://\(named[0] ?? "my-model-bucket")",
                environment: environment,
                patience: patience,
                isInBackground: true
            )
            return SingleObjectStore(
                key,
                in: bucket,
                // A file alone says by its own name what it is.
                named: named[1] ?? named[2] ?? key.description,
                location: "\(bucket.location)/\(key)",
                localPath: PublishingSession.absolute(localPath)
            )
        } catch {
            throw RuntimeFailure(.repository, error.message, cause: error)
        }
    }
}

internal import ApusCore
internal import ApusModels
internal import ApusStorage

extension StoreSettings {
    /// What is asked of published versions.
    ///
    /// - Parameters:
    ///   - environment: The process's variables, which may hold keys.
    ///   - cache: Where it's remembered which manifests were seen.
    /// - Returns: The rules.
    /// - Throws: `configuration` when a key that is trusted can't be read, or none is though signatures are required.
    func manifestRules(
        _ environment: [String: String],
        cache: CacheHolder
    ) throws(RuntimeFailure) -> ManifestRules {
        var rules = ManifestRules()
        do throws(StorageError) {
            let trusted = try TrustedKeys(paths: trustedKeys)
            rules.policy = SignaturePolicy(requiresSignatures ? .required : .none, trusted: trusted)
        } catch {
            throw RuntimeFailure(.configuration, "trusted_keys: \(error.message)", cause: error)
        }
        if requiresSignatures, trustedKeys.isEmpty {
            throw RuntimeFailure(
                .configuration,
                "require_signatures without trusted_keys would refuse every version: say whose signatures count with "
                    + "--trusted-keys FILE"
            )
        }
        rules.keys = DecryptionKeys(
            environment: environment,
            file: keyFile.isEmpty ? nil : keyFile,
            command: keyCommand
        )
        if refusesOlderManifests {
            rules.see = { manifest throws(StorageError) in try cache.get().see(manifest, policy: .refuseOlder) }
        }
        return rules
    }
}

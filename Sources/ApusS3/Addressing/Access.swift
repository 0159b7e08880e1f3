internal import ApusStorage

/// Where the permission to ask a bucket comes from, in the order of AWS' own clients.
struct Access {
    let surroundings: Surroundings
    let profile: Profile
    let connections: HTTPConnections
    let clock: StoreClock

    /// How requests are allowed.
    func authorization(region: String) throws(StorageError) -> Authorization {
        let environment = surroundings.environment
        if try S3StoreConfiguration.isOn("APUS_S3_ANONYMOUS", environment) { return .anonymous }
        if let token = environment.nonEmpty("APUS_S3_BEARER_TOKEN") { return .bearer(Secret(token)) }
        return .signed(CredentialsKeeper(sources: sources(region: region), clock: clock))
    }

    private func sources(region: String) -> [any CredentialsSource] {
        let patient = CredentialsClient(connections: connections, clock: clock)
        let brief = CredentialsClient(connections: connections, clock: clock, limits: CredentialsClient.brief)
        return [
            EnvironmentCredentials(environment: surroundings.environment),
            WebIdentityCredentials(
                surroundings: surroundings,
                client: patient,
                profile: profile,
                region: region
            ),
            ContainerCredentials(surroundings: surroundings, client: patient),
            ProfileCredentials(profile),
            InstanceCredentials(environment: surroundings.environment, client: brief),
        ]
    }
}

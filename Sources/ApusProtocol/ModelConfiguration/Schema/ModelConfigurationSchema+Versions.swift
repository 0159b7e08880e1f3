extension ModelConfigurationSchema {
    /// The newest versions.
    package static let latestVersions = MessageSchema(
        "ModelVersionPolicy.Latest",
        [FieldSchema("num_versions", 1, .uint32)]
    )

    /// Every version.
    package static let allVersions = MessageSchema("ModelVersionPolicy.All", [])

    /// The versions of a list.
    package static let specificVersions = MessageSchema(
        "ModelVersionPolicy.Specific",
        [FieldSchema("versions", 1, .int64, .repeated)]
    )

    /// Which versions are to be live.
    package static let modelVersionPolicy = MessageSchema(
        "ModelVersionPolicy",
        [
            FieldSchema("latest", 1, .message(latestVersions), oneof: "policy_choice"),
            FieldSchema("all", 2, .message(allVersions), oneof: "policy_choice"),
            FieldSchema("specific", 3, .message(specificVersions), oneof: "policy_choice"),
        ]
    )

    /// Whether the number of responses may differ from the number of requests.
    package static let modelTransactionPolicy = MessageSchema(
        "ModelTransactionPolicy",
        [FieldSchema("decoupled", 1, .bool)]
    )

    /// One agent that acts when a version is loaded or unloaded.
    package static let repositoryAgent = MessageSchema(
        "ModelRepositoryAgents.Agent",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("parameters", 2, .string, .stringMap),
        ]
    )

    /// Agents that act when a version is loaded or unloaded.
    package static let modelRepositoryAgents = MessageSchema(
        "ModelRepositoryAgents",
        [FieldSchema("agents", 1, .message(repositoryAgent), .repeated)]
    )
}

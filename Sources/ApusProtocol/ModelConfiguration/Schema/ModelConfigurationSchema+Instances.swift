extension ModelConfigurationSchema {
    /// What an instance runs on.
    package static let instanceKind = EnumerationSchema(
        "ModelInstanceGroup.Kind",
        ["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"]
    )

    /// Accelerators beside the main device.
    package static let secondaryDeviceKind = EnumerationSchema(
        "ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind",
        ["KIND_NVDLA"]
    )

    /// One accelerator beside the main device.
    package static let secondaryDevice = MessageSchema(
        "ModelInstanceGroup.SecondaryDevice",
        [
            FieldSchema("kind", 1, .enumeration(secondaryDeviceKind)),
            FieldSchema("device_id", 2, .int64),
        ]
    )

    /// Something countable that an instance needs while it runs.
    package static let rateLimiterResource = MessageSchema(
        "ModelRateLimiter.Resource",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("global", 2, .bool),
            FieldSchema("count", 3, .uint32),
        ]
    )

    /// How often an instance gets its turn.
    package static let modelRateLimiter = MessageSchema(
        "ModelRateLimiter",
        [
            FieldSchema("resources", 1, .message(rateLimiterResource), .repeated),
            FieldSchema("priority", 2, .uint32),
        ]
    )

    /// Parallel copies of a loaded version.
    package static let modelInstanceGroup = MessageSchema(
        "ModelInstanceGroup",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("kind", 4, .enumeration(instanceKind)),
            FieldSchema("count", 2, .int32),
            FieldSchema("rate_limiter", 6, .message(modelRateLimiter)),
            FieldSchema("gpus", 3, .int32, .repeated),
            FieldSchema("secondary_devices", 8, .message(secondaryDevice), .repeated),
            FieldSchema("profile", 5, .string, .repeated),
            FieldSchema("passive", 7, .bool),
            FieldSchema("host_policy", 9, .string),
        ]
    )
}

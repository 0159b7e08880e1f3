internal import ApusS3
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus index`: lists a store in a file, for web servers, which can't list.
struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Write \(WebIndex.filename), by which a folder can be served from behind any web server.",
        discussion: """
            Writes the file into the store itself. Write it anew after each push.

            EXAMPLES
              apus index --store /var/www/models
              apus serve --models https://host/models
            """
    )

    @OptionGroup
    var store: StoreOptions

    func run() async throws {
        let count = try await store.withPublisher { publisher in
            let objects = try publisher.store.list("", limit: IndexCommand.maxObjects)
                .filter { $0.key.description != WebIndex.filename }
            guard let key = ObjectKey(WebIndex.filename) else { return 0 }
            try publisher.store.write(WebIndex.write(objects), to: key, if: .always)
            return objects.count
        }
        print("\(WebIndex.filename) lists \(count) objects")
    }

    private static let maxObjects = 200_000
}

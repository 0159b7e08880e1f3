import Foundation

/// A folder for one test; gone with everything in it when the test lets it go.
final class TemporaryFolder: Sendable {
    /// Its absolute path.
    let path: String

    /// Makes an empty folder.
    init() {
        path = NSTemporaryDirectory() + "apus-server-\(UUID().uuidString)"
        makeFolder("")
    }

    /// Makes a folder, with those above it.
    func makeFolder(_ relativePath: String) {
        do {
            try FileManager.default.createDirectory(atPath: place(relativePath), withIntermediateDirectories: true)
        } catch {
            preconditionFailure("no temporary folder: \(error)")
        }
    }

    /// Writes a file, with the folders above it.
    func write(_ relativePath: String, _ text: String) {
        makeFolder(relativePath.split(separator: "/").dropLast().joined(separator: "/"))
        precondition(FileManager.default.createFile(atPath: place(relativePath), contents: Data(text.utf8)))
    }

    /// Makes a file shorter, as it is for whoever has it open.
    func truncate(_ relativePath: String, to byteCount: Int) {
        guard let file = FileHandle(forUpdatingAtPath: place(relativePath)) else {
            preconditionFailure("no file '\(relativePath)'")
        }
        do {
            try file.truncate(atOffset: UInt64(byteCount))
            try file.close()
        } catch {
            preconditionFailure("can't truncate '\(relativePath)': \(error)")
        }
    }

    /// Makes a symbolic link.
    func link(_ relativePath: String, to target: String) {
        do {
            try FileManager.default.createSymbolicLink(atPath: place(relativePath), withDestinationPath: target)
        } catch {
            preconditionFailure("no link: \(error)")
        }
    }

    /// The text of a file; empty when there is none.
    func text(of relativePath: String) -> String {
        String(decoding: FileManager.default.contents(atPath: place(relativePath)) ?? Data(), as: UTF8.self)
    }

    /// The absolute path of something in it.
    func place(_ relativePath: String) -> String {
        "\(path)/\(relativePath)"
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// Collects the body that a Hummingbird response writes.
final class BodyCollector: ResponseBodyWriter, Sendable {
    private let content = Mutex<[UInt8]>([])

    /// What has been written.
    var bytes: [UInt8] { content.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws {
        content.withLock { $0.append(contentsOf: buffer.readableBytesView) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

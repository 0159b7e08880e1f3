import ApusCore
import Synchronization

/// A picture, and inputs that take it.
enum Picture {
    /// A PNG of two pixels: 10, 20, 30 and 40, 50, 60.
    static let png: [UInt8] = [
        137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0, 0, 0, 123, 64,
        232, 221, 0, 0, 0, 15, 73, 68, 65, 84, 120, 218, 99, 224, 18, 145, 211, 48, 178, 1, 0, 2, 55, 0, 211, 226,
        45, 237, 159, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
    ]

    /// A model whose input takes pictures of a size.
    static func model(_ width: Int, _ height: Int, mode: FakeModel.Mode = .atOnce) -> FakeModel {
        let input = TensorSpecification(name: "x", dataType: .uint8, shape: [-1, height, width, 3])
        let image = ImageInput(
            input: input,
            shape: TensorShape([1, height, width, 3])!,
            size: (width, height),
            layout: .nhwc,
            color: .rgb,
            elements: [[UInt8]](repeating: Array(0...255), count: 3)
        )
        return FakeModel("m", inputs: [input], mode: mode, image: image)
    }
}

/// Work that waits until the test has it done.
final class ManualWork: WorkQueue {
    private let waiting = Mutex<[@Sendable () -> Void]>([])
    private let most: Int

    init(most: Int = .max) { self.most = most }

    var count: Int { waiting.withLock { $0.count } }

    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        waiting.withLock { waiting in
            guard waiting.count < most else { return false }
            waiting.append(work)
            return true
        }
    }

    /// Does all that waits.
    func run() {
        let work = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for piece in work { piece() }
    }
}

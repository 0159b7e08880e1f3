internal import ApusCore

/// Writes rows of a picture into a model's input: channels in their order and place, each value as the element that it
/// becomes.
struct ImageTensorWriter {
    private let input: ImageInput
    /// Channels of the rows: 1 or 3; a grey row fills all channels of the input.
    private let channels: Int

    init(_ input: ImageInput, channels: Int) {
        self.input = input
        self.channels = channels
    }

    /// Writes all rows that a resizer makes.
    func write(_ pixels: UnsafePointer<UInt8>, by resizer: ImageResizer, to memory: UnsafeMutableRawBufferPointer) {
        switch input.dataType.byteSize {
        case 1: unsafe write(pixels, by: resizer, to: memory, as: UInt8.self)
        case 2: unsafe write(pixels, by: resizer, to: memory, as: UInt16.self)
        case 4: unsafe write(pixels, by: resizer, to: memory, as: UInt32.self)
        default: unsafe write(pixels, by: resizer, to: memory, as: UInt64.self)
        }
    }

    private func write<Element: FixedWidthInteger & BitwiseCopyable>(
        _ pixels: UnsafePointer<UInt8>,
        by resizer: ImageResizer,
        to memory: UnsafeMutableRawBufferPointer,
        as type: Element.Type
    ) {
        let count = input.color.channels
        let tables = input.elements.map { unsafe $0.withUnsafeBytes { unsafe Array($0.bindMemory(to: Element.self)) } }
        let target = unsafe memory.bindMemory(to: Element.self)
        let (width, plane) = (input.width, input.width * input.height)
        // Where the next pixel of the same channel lies, and the next channel of the same pixel.
        let (step, jump) = input.layout == .nchw ? (1, plane) : (count, 1)
        unsafe resizer.run(pixels) { row, values in
            for channel in 0..<count {
                let source = channels == 1 ? 0 : input.color == .bgr ? 2 - channel : channel
                unsafe tables[channel].withUnsafeBufferPointer { table in
                    var place = row * width * step + channel * jump
                    for column in 0..<width {
                        unsafe target[place] = table[Int(values[column * channels + source])]
                        place += step
                    }
                }
            }
        }
    }
}

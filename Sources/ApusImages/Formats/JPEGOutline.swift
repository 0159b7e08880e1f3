internal import ApusCore

/// What a JPEG file says of itself before its pixels (ITU-T T.81, annex B), read without the decoder.
struct JPEGOutline: Hashable {
    let width: Int
    let height: Int
    /// 1 is grey, 3 is colour, 4 is for printing.
    let components: Int
    /// Whether values come in several passes, each more precise.
    let isProgressive: Bool

    /// Segments before the frame's header: files have some ten.
    static let mostSegments = 4096
    /// Bytes 0xff before markers, all together: files have one for each marker.
    static let mostFill = 64 << 10

    /// Reads as far as the frame's header.
    ///
    /// - Throws: `invalidArgument` when there is none, or for a kind of JPEG that isn't read.
    init(_ file: Span<UInt8>) throws(InferenceError) {
        var offset = 2
        var fill = 0
        for _ in 0..<JPEGOutline.mostSegments {
            let marker = try JPEGOutline.nextMarker(in: file, at: &offset, fill: &fill)
            if JPEGOutline.standsAlone(marker) { continue }
            guard offset + 2 <= file.count else { throw JPEGOutline.endsEarly }
            let length = file.bigEndian16(at: offset)
            guard JPEGOutline.isFrame(marker) else {
                guard length >= 2, marker != JPEGOutline.scan, marker != JPEGOutline.end else {
                    throw InferenceError.undecodable(.jpeg, "it has no header that says its size")
                }
                offset += length
                guard offset >= file.count || file[offset] == 0xff else {
                    throw InferenceError.undecodable(.jpeg, "its segments don't join")
                }
                continue
            }
            guard length >= 8, offset + 8 <= file.count else { throw JPEGOutline.endsEarly }
            guard file[offset + 2] == 8 else {
                throw InferenceError.unreadable(
                    "a JPEG of \(file[offset + 2]) bits for each colour",
                    expected: "8 bits"
                )
            }
            self.height = file.bigEndian16(at: offset + 3)
            self.width = file.bigEndian16(at: offset + 5)
            self.components = Int(file[offset + 7])
            self.isProgressive = marker & 3 == 2
            return
        }
        throw InferenceError.undecodable(.jpeg, "it has \(JPEGOutline.mostSegments) segments and no size")
    }

    /// Passes over the bytes before a marker and the marker, and counts the former.
    private static func nextMarker(
        in file: Span<UInt8>,
        at offset: inout Int,
        fill: inout Int
    ) throws(InferenceError) -> UInt8 {
        while offset < file.count, file[offset] == 0xff {
            offset += 1
            fill += 1
            guard fill <= mostFill else {
                throw InferenceError.undecodable(.jpeg, "it has more than \(mostFill) fill bytes before its size")
            }
        }
        guard offset < file.count else { throw endsEarly }
        defer { offset += 1 }
        return file[offset]
    }

    /// The marker at a picture's end.
    static let end: UInt8 = 0xd9
    /// The marker before a scan.
    static let scan: UInt8 = 0xda

    /// A zero makes the 0xff before it a byte of the picture; the others are a start, a restart and a filler.
    static func standsAlone(_ marker: UInt8) -> Bool {
        marker == 0 || marker == 0x01 || (0xd0...0xd8).contains(marker)
    }

    /// Whether the frame's header follows: tables and extensions have markers between those of its kinds.
    private static func isFrame(_ marker: UInt8) -> Bool {
        (0xc0...0xcf).contains(marker) && ![0xc4, 0xc8, 0xcc].contains(marker)
    }

    private static let endsEarly = InferenceError.undecodable(.jpeg, "it ends before its size is said")
}

/// The scans of a JPEG file, counted without the decoder: what decoding costs depends on them.
struct JPEGScans: Hashable {
    /// How many there are; no more than one above `most`.
    let count: Int
    /// Components of the first one; 0 when there is none.
    let firstComponents: Int

    /// Scans that a file may have: progressive ones have some ten, and each is another pass over all of the picture.
    static let most = 100

    /// Walks a file's markers.
    init(_ file: Span<UInt8>) {
        var count = 0
        var firstComponents = 0
        var offset = 2
        while offset + 3 < file.count, count <= JPEGScans.most {
            guard file[offset] == 0xff, file[offset + 1] != 0xff, !JPEGOutline.standsAlone(file[offset + 1]) else {
                offset += 1
                continue
            }
            let marker = file[offset + 1]
            if marker == JPEGOutline.end { break }
            if marker == JPEGOutline.scan {
                count += 1
                if count == 1, offset + 4 < file.count { firstComponents = Int(file[offset + 4]) }
            }
            offset += 2 + file.bigEndian16(at: offset + 2)
        }
        self.count = count
        self.firstComponents = firstComponents
    }

    /// Bytes of coefficients that the decoder keeps of the whole picture, beside its pixels.
    ///
    /// libjpeg does so when it can't finish a row of blocks with what the first scan has: for every progressive file,
    /// however many scans it has, for several scans, and where the first lacks components
    /// (<https://github.com/libjpeg-turbo/libjpeg-turbo/blob/3.0.4/jdinput.c>, `initial_setup`).
    func coefficientBytes(of outline: ImageOutline) -> Int {
        guard outline.isProgressive || count != 1 || firstComponents < outline.channels else { return 0 }
        // 16 bits for each value, in units of at most 4 × 4 blocks of 8 × 8 pixels.
        return (outline.width + 31) / 32 * ((outline.height + 31) / 32) * 1024 * outline.channels * 2
    }
}

/// Pictures made for these tests: `W` × `H` is 5 × 4 for PNG, 24 × 16 for JPEG.
enum Fixture {
    /// `Fixture.color` of each pixel.
    static let rgb = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAADJUWIXAAAASUlEQVR42mNgZmXQZhUMZlWqZjVezOrCwOwoq+2oF+xoX+0YsNgxkYG51kq71j
        u4Nqa6NndxbR0D885w7Z0ZwTsrq3d2Ld45GwDZtRP31Svn7AAAAABJRU5ErkJggg==
        """
    )
    /// The same, interlaced.
    static let interlaced = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAAG+VlKBAAAATUlEQVR42mNgZmVgWMzqwhDMqsTAXGsVXBuzuLaOQZtVsJrVmEG71ru6NpeB2V
        FW21Ev2NG+2jFgsWMiA/POcO2dGcE7K6t3di3eORsAFQAT9++az9AAAAAASUVORK5CYII=
        """
    )
    /// The same, with transparency.
    static let rgba = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAYAAABGM/VAAAAAW0lEQVR42mNgZmVg0GYVNApmVUqpZjWetpjV5QQDs6Msg7ajnlGwo31KtWPAtM
        WOiUDBWisG7Vpvo+DamJTq2txpi2vrgII7wxm0d2YYBe+sTKne2TVt8c7ZJwCUSRvHgSEU+AAAAABJRU5ErkJggg==
        """
    )
    /// The same with 16 bits, the lower ones 200.
    static let deep = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAEEAIAAACZwb5UAAAAZklEQVR42hXJoQmFYBSG4R/EARzAYhUsNoscsFkEg8VisziAyHGAu8KNTnE2eM
        fyszzlSRk5iVoWzLLiki2PHEgZRqk2GrXRq41JbWxfO53aGdXOqnYOtXN/HSzqYFcHpzr4qYM/L+GqQtdmtaPSAAAAAElFTkSuQmCC
        """
    )
    /// The red values of the same as grey.
    static let grey = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAAAAABjWKqcAAAAEUlEQVR42mNg1g6uXsyAQQIAR6gGfaNBNToAAAAASUVORK5CYII=
        """
    )
    /// The same grey, with transparency.
    static let greyAlpha = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAQAAADsOj3LAAAAFklEQVR42mNg5tTmDOas5lzMyUCICQCUsAcx+X1XygAAAABJRU5ErkJggg==
        """
    )
    /// The same grey with 16 bits.
    static let deepGrey = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAEEAAAAAAzyHbfAAAAFklEQVR42mNg5tTmDOas5lzMyUCICQCUsAcx+X1XygAAAABJRU5ErkJggg==
        """
    )
    /// The same colours in a palette with transparency.
    static let palette = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAMAAABx7QVyAAAAPFBMVEUDBQArBRFTBSJ7BTOjBUQDQR0rQS5TQT97QVCjQWEDfTorfUtTfVx7fW
        2jfX4DuVcruWhTuXl7uYqjuZur0hu/AAAACnRSTlMAAAAAAAAAAAAAc6AYaAAAACBJREFUeNpjYGBkYmZhYGVj5+Bk4OLm4eVj4BcQFBIGAAXq
        AL9GQ6tnAAAAAElFTkSuQmCC
        """
    )
    /// Black and white by turns, one bit each.
    static let bilevel = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAEAQAAAABuSMjtAAAADklEQVR42mMIYFjBAMQABxgB8Vj1QOAAAAAASUVORK5CYII=
        """
    )
    /// `rgb` with chunks that are broken, doubled, or unpack to 200,000 bytes.
    static let ancillary = bytes(
        """
        iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAADJUWIXAAAABGdBTUEAAAAAiyVgTQAAAAFjSFJNeDIhuMoAAADeaUNDUGljYwAAeNrtwTEBAA
        AAwqD1T20Gf6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgNcADW0AAUtvR+sAAADcelRYdGsAAHja7cExAQAAAMKg9U9tBn+gAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAIDXAA1tAAHDcQ+zAAAAAHRFWHSWQsWFAAAABGdBTUEAAQAAiucKegAAAElJREFUeNpjYGZl0GYVDGZVqm
        Y1XszqwsDsKKvtqBfsaF/tGLDYMZGBudZKu9Y7uDamujZ3cW0dA/POcO2dGcE7K6t3di3eORsA2bUT99Ur5+wAAAAASUVORK5CYII=
        """
    )
    /// Six blocks of 8 × 8 in one colour each.
    static let baseline = bytes(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGB
        YUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAQ
        ABgDAREAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAABwgJCv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAYAQADAQEAAAAAAAAAAAAAAAAABg
        gJB//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AA0UloGKLjDQorU1Va9CAnUGVcBVUB//2Q==
        """
    )
    /// The same in several scans.
    static let progressive = bytes(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGB
        YUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wgARCAAQ
        ABgDAREAAhEBAxEB/8QAFwAAAwEAAAAAAAAAAAAAAAAABgcICf/EABgBAAMBAQAAAAAAAAAAAAAAAAAFBwgG/9oADAMBAAIQAxAAAAEMUWhirs
        MqLU1WvSA9RlWFVh//xAAUEAEAAAAAAAAAAAAAAAAAAAAg/9oACAEBAAEFAl//xAAUEQEAAAAAAAAAAAAAAAAAAAAg/9oACAEDAQE/AV//xAAU
        EQEAAAAAAAAAAAAAAAAAAAAg/9oACAECAQE/AV//xAAUEAEAAAAAAAAAAAAAAAAAAAAg/9oACAEBAAY/Al//xAAUEAEAAAAAAAAAAAAAAAAAAA
        Ag/9oACAEBAAE/IV//2gAMAwEAAgADAAAAENdIP//EABQRAQAAAAAAAAAAAAAAAAAAACD/2gAIAQMBAT8QX//EABQRAQAAAAAAAAAAAAAAAAAA
        ACD/2gAIAQIBAT8QX//EABQQAQAAAAAAAAAAAAAAAAAAACD/2gAIAQEAAT8QX//Z
        """
    )
    /// A progressive file that ends after its first scan.
    static let oneScan: [UInt8] = {
        let marker = progressive.indices.first { progressive[$0...].starts(with: [0xff, 0xda]) }!
        let end = progressive.indices.first { $0 > marker && progressive[$0] == 0xff && progressive[$0 + 1] != 0 }!
        return progressive[..<end] + [0xff, 0xd9]
    }()
    /// A frame of three components and a scan of one.
    static let oneComponent: [UInt8] = [
        0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 16, 0, 24, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1,
        0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0, 0xff, 0xd9,
    ]
    /// The same as `baseline` in grey.
    static let greyJPEG = bytes(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGB
        YUGBIUFRT/wAALCAAQABgBAREA/8QAFwAAAwEAAAAAAAAAAAAAAAAABwgJCv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8ADRiiir0M
        q6qr/9k=
        """
    )
    /// The same for printing.
    static let cmyk = bytes(
        """
        /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAbEhQXFBEbFxYXHhwbIChCKyglJShROj0wQmBVZWRfVV1baniZgWpxkHNbXYW1hpCeo6utq2eAvMm6ps
        eZqKuk/8AAFAgAEAAYBEMRAE0RAFkRAEsRAP/EABkAAQADAQEAAAAAAAAAAAAAAAYABQcDBP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMA
        TQBZAEsAAD8AtVKqyYHNXpR2ECxGhnTqjM2ZszQmJiZH/9k=
        """
    )

    /// The colour of a pixel.
    static func color(_ x: Int, _ y: Int) -> [UInt8] {
        [x * 40 + 3, y * 60 + 5, (x * 17 + y * 29) % 256].map(UInt8.init)
    }

    /// Reads base64.
    private static func bytes(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        for digit in text.utf8.compactMap(alphabet.firstIndex) {
            bits = bits << 6 | digit
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(bits >> count & 0xff))
        }
        return bytes
    }
}

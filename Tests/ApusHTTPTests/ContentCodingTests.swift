import ApusCore
import ApusProtocol
import Testing

struct ContentCodingTests {
    @Test(
        arguments: [
            ("gzip", .gzip), ("GZIP", .gzip), ("x-gzip", .gzip), ("deflate", .deflate), ("Deflate", .deflate),
            ("identity", .identity), ("", .identity), ("br", nil), ("zstd", nil), ("compress", nil), ("*", nil),
            ("gzip, gzip", nil), ("gzip,deflate", nil), ("gzip;q=1", nil), ("gzip ", nil), ("identity, gzip", nil),
        ] as [(String, ContentCoding?)]
    )
    func `a request has one known coding`(_ text: String, _ coding: ContentCoding?) {
        #expect(ContentCoding(contentEncoding: text) == coding)
    }

    @Test(
        arguments: [
            ("", .identity), ("gzip", .gzip), ("deflate", .deflate), ("identity", .identity), ("br", .identity),
            ("gzip, deflate", .gzip), ("deflate, gzip", .deflate), ("identity, gzip", .identity), ("br, gzip", .gzip),
            ("gzip;q=0", .identity), ("gzip;q=0.0, deflate;q=0.000", .identity), ("gzip;q=0.5, deflate", .deflate),
            ("gzip;q=0.5, deflate;q=0.8", .deflate), ("gzip;q=0.8,deflate;q=0.8", .gzip),
            ("identity;q=0.5, gzip;q=0.1", .identity),
            ("gzip ; q=0.4 , identity;q=0.3", .gzip), ("GZIP;Q=0.4", .gzip), ("gzip;x=1;q=0, deflate;q=0.1", .deflate),
            ("*", .identity), ("*;q=0", .identity), ("gzip;q=1.000, deflate;q=0.999", .gzip),
            ("deflate;q=0.999,gzip;q=1.0", .gzip),
            ("gzip;q=2", .identity), ("gzip;q=-1", .identity), ("gzip;q=", .identity), ("gzip;q=nan", .identity),
            ("gzip;q=inf", .identity), ("gzip;q=abc, deflate;q=0.001", .deflate), (";", .identity), (",,,", .identity),
            (";;gzip", .gzip), ("gzip;", .gzip), ("x-gzip", .gzip), ("gzip, deflate, br, zstd", .gzip),
            (" , gzip", .gzip),
        ] as [(String, ContentCoding)]
    )
    func `an answer has the coding that the client likes best`(_ text: String, _ coding: ContentCoding) {
        #expect(ContentCoding(acceptEncoding: text) == coding)
    }

    @Test func `random fields never trap`() {
        var random = SplitMix.seeded("Accept-Encoding")
        let pieces = [
            "gzip", "deflate", ";", ",", "q=", "0.5", "1", " ", "\t", "=", "9999999999999999999", "e9", "-", "ü", "*",
        ]
        for _ in 0..<10_000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            _ = ContentCoding(acceptEncoding: text.joined())
        }
    }
}

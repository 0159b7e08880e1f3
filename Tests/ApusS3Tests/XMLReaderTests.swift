import ApusS3
import ApusTesting
import Testing

@Suite
struct XMLReaderTests {
    @Test
    func `reads elements, text, references and character data`() throws {
        let root = try read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a <comment> -->
            <s3:List xmlns:s3="urn:x" a='>'><Key>a &amp; b&#x41;&#66;&lt;<![CDATA[<&]]></Key><Empty/><Key>2</Key></s3:List>
            """
        )
        #expect(root.name == "List")
        #expect(root["Key"]?.text == "a & bAB<<&")
        #expect(root["Empty"]?.text == "")
        #expect(root.all("Key").map(\.text) == ["a & bAB<<&", "2"])
    }

    @Test(arguments: [
        "", " ", "<", "<a", "<a>", "<a><b></a></b>", "</a>", "<a></a><b></b>", "<a/>text", "text<a/>", "<a>&x;</a>",
        "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#99999999;</a>", "<a>& </a>", "<a>&", "<a><![CDATA[", "<!-- <a/>", "<?x",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a b=\"></a>", "<a b=<></a>", "<></>", "< a/>", "<![CDATA[x]]>",
    ])
    func `refuses what isn't a document of S3's kind`(text: String) {
        #expect(throws: XMLFault.self) { try read(text) }
    }

    @Test
    func `refuses text that isn't UTF-8`() {
        #expect(throws: XMLFault.self) { try XMLReader.read(Array("<a>".utf8) + [0xff] + Array("</a>".utf8)) }
    }

    @Test
    func `is bounded in bytes, depth and elements`() throws {
        var limits = XMLReader.Limits()
        limits.byteCount = 10
        #expect(throws: XMLFault.self) { try XMLReader.read(Array("<a>12345</a>".utf8), limits: limits) }
        limits = XMLReader.Limits()
        limits.depth = 3
        #expect(try XMLReader.read(Array("<a><b><c/></b></a>".utf8), limits: limits).name == "a")
        #expect(throws: XMLFault.self) { try XMLReader.read(Array("<a><b><c><d/></c></b></a>".utf8), limits: limits) }
        limits.elements = 2
        #expect(throws: XMLFault.self) { try XMLReader.read(Array("<a><b/><b/></a>".utf8), limits: limits) }
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(throws: XMLFault.self) { try read(deep) }
    }

    @Test
    func `survives mutations of a listing`() {
        let listing = Array(
            "<L><IsTruncated>true</IsTruncated><Contents><Key>a&amp;</Key><Size>1</Size></Contents><!--x--></L>".utf8
        )
        var generator = SeededGenerator(seed: 20_261_121)
        for _ in 0..<5000 {
            var bytes = listing
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array("<>&;/!".utf8).randomElement(using: &generator) ?? 0, at: place)
                }
            }
            _ = try? XMLReader.read(bytes)
            _ = try? ListingPage(bytes, strippingPrefix: "")
        }
    }

    @discardableResult
    private func read(_ text: String) throws -> XMLElement {
        try XMLReader.read(Array(text.utf8))
    }
}

import ApusClient
import Testing

struct ServerURLTests {
    @Test func `addresses are read in all their forms`() throws {
        let cases: [(String, ServerURL.Address)] = [
            ("http://127.0.0.1:8000", .tcp(host: "127.0.0.1", port: 8000)),
            ("http://example.org/", .tcp(host: "example.org", port: 8000)),
            ("localhost:9000", .tcp(host: "localhost", port: 9000)),
            ("http://[::1]:80", .tcp(host: "::1", port: 80)), ("http://[::1]", .tcp(host: "::1", port: 8000)),
            ("unix:///run/apus.sock", .unix(path: "/run/apus.sock")), ("unix:/a", .unix(path: "/a")),
        ]
        for (text, address) in cases { #expect(try ServerURL(parsing: text).address == address) }
        #expect(try ServerURL(parsing: "http://[::1]:80").description == "http://[::1]:80")
    }

    @Test(arguments: [
        "", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:b", "https://a", "ftp://a",
        "http://a/v2",
        "unix://relative", "http://a\r\nX: y", "http://a b",
    ])
    func `what is no address is refused with an example`(text: String) {
        #expect(failure { _ = try ServerURL(parsing: text) }.contains("write http://127.0.0.1:8000"))
    }
}

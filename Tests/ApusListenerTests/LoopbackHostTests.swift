import ApusListener
import Testing

struct LoopbackHostTests {
    @Test(arguments: ["localhost", "::1", "127.0.0.1", "127.255.255.255"])
    func `what leads to this machine only`(_ host: String) {
        #expect(LoopbackHost.includes(host[...]))
    }

    @Test(arguments: [
        "", "127", "127.0.0", "127.0.0.1.", "127.0.0.256", "127.0.0.1.example.com", "127.a.b.c", "128.0.0.1", "0.0.0.0",
        "::",
        "localhost.example.com",
    ])
    func `what may lead elsewhere`(_ host: String) {
        #expect(!LoopbackHost.includes(host[...]))
    }
}

import ApusS3
import Testing

@Suite
struct HTTPOriginTests {
    @Test
    func differsByPort() {
        #expect(
            HTTPOrigin(isSecure: false, host: "a", port: 1) != HTTPOrigin(isSecure: false, host: "a", port: 2)
        )
    }
}

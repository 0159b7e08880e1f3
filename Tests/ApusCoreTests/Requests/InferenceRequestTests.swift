import ApusCore
import Testing

struct InferenceRequestTests {
    @Test func `microseconds of any number are nanoseconds`() {
        #expect(InferenceRequest.nanoseconds(microseconds: 0) == 0)
        #expect(InferenceRequest.nanoseconds(microseconds: 5) == 5000)
        #expect(InferenceRequest.nanoseconds(microseconds: 9_223_372_036_854_776) == .max)
        #expect(InferenceRequest.nanoseconds(microseconds: .max) == .max)
    }
}

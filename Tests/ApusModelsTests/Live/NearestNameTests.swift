import ApusCore
import Testing

@testable import ApusModels

struct NearestNameTests {
    private let names = ["bert", "resnet50", "resnet50-int8", "yolo"].map(name)

    @Test(arguments: [("resnet5", "resnet50"), ("Bert", "bert"), ("yol0", "yolo"), ("resnet50int8", "resnet50-int8")])
    func `a slip of the pen finds the name that was meant`(wrong: String, right: String) {
        #expect(names.nearest(to: name(wrong))?.description == right)
    }

    @Test(arguments: ["whisper", "x", "zzzz"])
    func `a name that is like none finds none`(wrong: String) {
        #expect(names.nearest(to: name(wrong)) == nil)
    }

    @Test func `of equally near names the first is taken, whatever the order`() {
        let names = ["model-b", "model-a", "model-c"].map(name)
        #expect(names.nearest(to: name("model-x"))?.description == "model-a")
        #expect(names.reversed().nearest(to: name("model-x"))?.description == "model-a")
    }
}

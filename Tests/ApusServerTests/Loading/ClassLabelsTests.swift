import ApusCore
import ApusProtocol
import Testing

@testable import ApusServer

struct ClassLabelsTests {
    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("a\r\nb c\r\n", ["a", "b c"]),
        ("\n\nx\n", ["", "", "x"]), ("ü\n", ["ü"]),
    ]) func `a label is a line`(_ text: String, _ lines: [String]) {
        #expect(ClassLabels.lines(of: text) == lines)
    }

    @Test func `the file lies in the model's folder`() throws {
        let repository = Repository().addIdentity("m").addIdentity("n")
        repository.folder.write("m/words.txt", "zero\none\n")
        let folder = try #require(try repository.folder(of: "m"))
        func read(_ filename: String) throws -> [String: [String]] {
            let text = #"output { name: "y" label_filename: "\#(filename)" } output { name: "z" }"#
            return try ClassLabels.read(try ModelConfiguration.parse(text: text).outputs, in: folder)
        }
        #expect(try read("words.txt") == ["y": ["zero", "one"]])
        #expect(try read("").isEmpty)
        for filename in ["nothing.txt", "../n/config.pbtxt", "/etc/passwd", "1"] {
            #expect(throws: ModelError.self) { try read(filename) }
        }
    }
}

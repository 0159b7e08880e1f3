import ApusCore
import Testing

@testable import ApusServer

struct FlagParsingTests {
    @Test func `values come after a space or an equals sign`() {
        let (values, faults) = FlagParsing.parse(["--models", "/m", "--http-port=1", "--server-id=a=b", "--log-file="])
        #expect(values == ["models": "/m", "http_port": "1", "server_id": "a=b", "log_file": ""])
        #expect(faults.isEmpty)
    }

    @Test func `the last one of a flag given twice counts`() {
        #expect(FlagParsing.parse(["--http-port", "1", "--http-port", "2"]).values == ["http_port": "2"])
    }

    @Test func `the values of a list come together, however often its flag comes`() {
        let (values, faults) = FlagParsing.parse(["--load-model=a", "--load-model", "b,c", "--load-model=*"])
        #expect(values == ["load_model": "a,b,c,*"])
        #expect(faults.isEmpty)
    }

    @Test func `a truth may stand alone`() {
        #expect(FlagParsing.parse(["--insecure", "--strict-readiness"]).values["insecure"] == "true")
        #expect(FlagParsing.parse(["--insecure", "false"]).values == ["insecure": "false"])
        #expect(FlagParsing.parse(["--insecure=no"]).values == ["insecure": "no"])
    }

    @Test func `a number may be negative, and is refused for what it is later`() {
        #expect(FlagParsing.parse(["--http-port", "-1"]).values == ["http_port": "-1"])
    }

    @Test func `a flag without its value is a fault`() {
        for arguments in [["--http-port"], ["--http-port", "--models", "/m"]] {
            #expect(
                FlagParsing.parse(arguments).faults.map(\.description) == [
                    "command line: --http-port: expected a value"
                ]
            )
        }
    }

    @Test func `unknown flags are faults with suggestions`() {
        let (values, faults) = FlagParsing.parse([
            "--htp-port", "1", "--models", "/m", "what", "--zzzzzzzzzz=3", "--confg",
        ])
        #expect(values == ["models": "/m"])
        #expect(
            faults.map(\.description) == [
                "command line: --htp-port: unknown setting; did you mean --http-port?",
                "command line: what: unknown setting; see --help",
                "command line: --zzzzzzzzzz: unknown setting; see --help",
                "command line: --confg: unknown setting; did you mean --config?",
            ]
        )
    }

    @Test func `odd arguments don't stop it`() {
        for arguments in [[""], ["="], ["--"], ["---"], ["-"], ["--=x"], ["--models=\u{0}"], ["--models", ""]] {
            _ = FlagParsing.parse(arguments)
        }
    }

    @Test func `a file named by a flag is read, and its faults come with the others`() throws {
        let folder = TemporaryFolder()
        folder.write("a.yaml", "max_tensors: 9\n")
        let good = try ServerConfiguration.load(arguments: ["--config", folder.place("a.yaml"), "--models", "/m"])
        #expect(good.limits.maxTensors == 9)
        #expect(good.models == "/m")
        folder.write("b.yaml", "max_tensor: 9\n")
        let error = #expect(throws: ConfigurationFaults.self) {
            try ServerConfiguration.load(arguments: ["--config=\(folder.place("b.yaml"))", "--htp-port", "1"])
        }
        #expect(error?.faults.map(\.key) == ["--htp-port", "max_tensor"])
        #expect(error?.description.split(separator: "\n").count == 2)
    }
}

import ApusCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusHTTP

/// Pictures over a connection in process: in place, on another thread, and what ends them before.
@Suite(.timeLimit(.minutes(1)))
struct ImagePredictTests {
    private static let type = ["Content-Type: image/png"]

    private static func parts(_ model: FakeModel, work: any WorkQueue = WorkInPlace()) -> EdgeServer.Parts {
        var parts = EdgeServer.Parts()
        parts.models = [model]
        parts.work = work
        return parts
    }

    @Test func `a small picture is decoded in place, once the library is there`() async throws {
        let work = ManualWork()
        try await EdgeServer.run(ImagePredictTests.parts(Picture.model(2, 1), work: work)) { server in
            let connection = try await server.connect()
            let first = EdgeConnection.request("POST", "/predict/m", ImagePredictTests.type, body: Picture.png)
            try await connection.send(first)
            #expect(work.count == 1)
            work.run()
            await server.eventLoop.run()
            #expect(try await connection.answer().status == 200)
            try await connection.close()
            for path in ["/predict", "/predict/m"] {
                let answer = try await server.ask("POST", path, ImagePredictTests.type, body: Picture.png)
                #expect(answer.body == #"{"predictions":[[[[10,20,30],[40,50,60]]]]}"#)
            }
            let fields = ImagePredictTests.type + ["Accept: application/octet-stream"]
            let raw = try await server.ask("POST", "/predict", fields, body: Picture.png)
            #expect(raw.bytes == [10, 20, 30, 40, 50, 60])
            #expect(work.count == 0)
            #expect(server.budget.inUse == 0)
        }
    }

    @Test func `a long one is decoded elsewhere and then asked as any other`() async throws {
        let work = ManualWork()
        let model = Picture.model(200, 100, mode: .later)
        try await EdgeServer.run(ImagePredictTests.parts(model, work: work)) { server in
            let connection = try await server.connect()
            let fields = ImagePredictTests.type + ["Accept: application/octet-stream", "Authorization: me"]
            try await connection.send(EdgeConnection.request("POST", "/predict/m", fields, body: Picture.png))
            #expect(work.count == 1)
            #expect(model.asked.isEmpty)
            #expect(model.leases == 1)
            #expect(try await connection.answerNow() == nil)
            work.run()
            await server.eventLoop.run()
            #expect(model.asked.map(\.inputs) == [["x UINT8[1,100,200,3]"]])
            #expect(server.budget.inUse > 60_000)
            model.answerAll()
            let answer = try await connection.answer()
            #expect(answer.status == 200)
            #expect(answer.bytes.count == 60_000)
            #expect(answer.bytes.prefix(3) == [10, 20, 30])
            #expect(model.leases == 0)
            #expect(server.budget.inUse == 0)
            try await connection.close()
        }
    }

    @Test func `a client that goes ends it, before and after`() async throws {
        for isDecoded in [false, true] {
            let work = ManualWork()
            let model = Picture.model(200, 100, mode: .later)
            try await EdgeServer.run(ImagePredictTests.parts(model, work: work)) { server in
                let connection = try await server.connect()
                let request = EdgeConnection.request("POST", "/predict/m", ImagePredictTests.type, body: Picture.png)
                try await connection.send(request)
                if isDecoded {
                    work.run()
                    await server.eventLoop.run()
                }
                try await connection.close()
                await server.eventLoop.run()
                #expect(model.cancelCount == (isDecoded ? 1 : 0))
                guard !isDecoded else { return }
                #expect(model.leases == 0)
                #expect(server.budget.inUse == 0)
                work.run()
                await server.eventLoop.run()
                #expect(model.asked.isEmpty)
                #expect(server.observer.records.map(\.status) == [499])
            }
        }
    }

    @Test func `a deadline that passes is answered at once`() async throws {
        let work = ManualWork()
        let model = Picture.model(200, 100)
        try await EdgeServer.run(ImagePredictTests.parts(model, work: work)) { server in
            let connection = try await server.connect()
            let fields = ImagePredictTests.type + ["Apus-Timeout: 5m"]
            try await connection.send(EdgeConnection.request("POST", "/predict/m", fields, body: Picture.png))
            server.time.advance(milliseconds: 5)
            await server.eventLoop.advanceTime(to: .uptimeNanoseconds(UInt64(server.time.now.nanoseconds)))
            let answer = try await connection.answer()
            #expect(answer.status == 503)
            #expect(answer.body.contains("Request timeout expired"))
            #expect(model.leases == 0)
            work.run()
            await server.eventLoop.run()
            #expect(model.asked.isEmpty)
            #expect(server.observer.records.map(\.status) == [503])
            try await connection.close()
        }
    }

    @Test func `when too many wait, more are refused`() async throws {
        try await EdgeServer.run(ImagePredictTests.parts(Picture.model(200, 100), work: ManualWork(most: 0))) {
            server in
            let answer = try await server.ask("POST", "/predict", ImagePredictTests.type, body: Picture.png)
            #expect(answer.status == 503)
            #expect(answer["Retry-After"] == "1")
            #expect(server.models[0].leases == 0)
        }
    }

    @Test func `a picture that can't be decoded is refused from everywhere`() async throws {
        let cut = Array(Picture.png.dropLast(30))
        for model in [Picture.model(2, 1), Picture.model(200, 100)] {
            try await EdgeServer.run(ImagePredictTests.parts(model)) { server in
                let answer = try await server.ask("POST", "/predict", ImagePredictTests.type, body: cut)
                #expect(answer.status == 400)
                #expect(answer.body.contains("the PNG can't be decoded"))
                #expect(model.leases == 0)
                #expect(server.budget.inUse == 0)
            }
        }
    }

    @Test func `memory for pictures comes out of the budget`() async throws {
        var parts = ImagePredictTests.parts(Picture.model(200, 100))
        parts.budget = 30_000
        try await EdgeServer.run(parts) { server in
            let answer = try await server.ask("POST", "/predict", ImagePredictTests.type, body: Picture.png)
            #expect(answer.status == 503)
            #expect(answer.body.contains("resource_exhausted"))
            #expect(server.budget.inUse == 0)
        }
    }

    @Test func `what is wrong with the request is said`() async throws {
        var parts = EdgeServer.Parts()
        parts.models = [FakeModel("n"), Picture.model(2, 1)]
        try await EdgeServer.run(parts) { server in
            let cases: [(path: String, type: String, status: Int, words: String)] = [
                ("/predict/n", "image/png", 415, "model 'n' takes no pictures: its apus.yaml has no 'image'"),
                ("/predict/m", "image/jpeg", 415, "the Content-Type says image/jpeg, and the body is a PNG"),
                ("/predict/m", "image/webp", 415, "the body is a PNG and came with Content-Type 'image/webp'"),
                (
                    "/predict/m", "application/x-www-form-urlencoded", 415,
                    "-H 'Content-Type: image/png' --data-binary @FILE"
                ),
                ("/predict/n", "text/csv", 415, "the body is a PNG and came with"),
            ]
            for (path, type, status, words) in cases {
                let answer = try await server.ask("POST", path, ["Content-Type: \(type)"], body: Picture.png)
                #expect(answer.status == status)
                #expect(answer.body.contains(words), "\(answer.body)")
            }
            let other = try await server.ask(
                "POST",
                "/predict/m",
                ["Content-Type: image/webp"],
                body: Array("RIFF".utf8)
            )
            #expect(other.status == 415)
            #expect(other.body.contains("image/jpeg, image/png, application/json"))
            let text = try await server.ask("POST", "/predict/m", ImagePredictTests.type, body: Array("{}".utf8))
            #expect(text.status == 400)
            #expect(text.body.contains("it begins with 7b 7d"))
        }
        parts.limits.maxImagePixels = 1
        try await EdgeServer.run(parts) { server in
            let answer = try await server.ask("POST", "/predict/m", ImagePredictTests.type, body: Picture.png)
            #expect(answer.status == 413)
            #expect(answer.body.contains("2 × 1 pixels"))
        }
    }
}

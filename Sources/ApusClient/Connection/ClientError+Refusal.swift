extension ClientError {
    /// Passes on what a server said when it refused, its hint included.
    package init(refusal answer: HTTPAnswer, from url: ServerURL) {
        let json = try? JSONParser.parse(answer.body)
        guard let error = json?["error"]?.text else {
            let body = String(decoding: answer.body.prefix(200), as: UTF8.self)
            let shown = body.isEmpty ? "with an empty body" : Terminal.printable(body)
            self.init(.refused, "\(url) answered \(answer.status) \(shown); is it a model server?")
            return
        }
        var message = "the server answered \(answer.status): \(Terminal.printable(error))"
        for name in ["field", "expected", "got", "hint"] {
            guard let fact = json?[name]?.text, !fact.isEmpty else { continue }
            message += "\n  \(name): \(Terminal.printable(fact))"
        }
        if answer.status == 404 { message += "\n  `apus models` lists what the server has" }
        self.init(.refused, message)
    }
}

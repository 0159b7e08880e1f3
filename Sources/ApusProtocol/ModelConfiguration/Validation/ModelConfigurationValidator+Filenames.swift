extension ModelConfigurationValidator {
    /// Checks that no file name leads out of the model's folder.
    ///
    /// The server opens files beneath a folder's descriptor all the same; this only says it early and with a position.
    mutating func checkFilenames() {
        checkFilename(message, "default_model_filename")
        checkFilename(message, "cc_model_filenames")
        for output in message.messages("output") {
            checkFilename(output, "label_filename")
        }
        for warmup in message.messages("model_warmup") {
            for element in warmup.field("inputs")?.elements ?? [] {
                guard case .message(let input) = element.value else { continue }
                checkFilename(input, "input_data_file")
            }
        }
        for state in message.message("sequence_batching")?.messages("state") ?? [] {
            for initial in state.messages("initial_state") {
                checkFilename(initial, "data_file")
            }
        }
    }

    /// Checks the file names in one field.
    private mutating func checkFilename(_ message: ModelConfigurationMessage, _ field: String) {
        for element in message.field(field)?.elements ?? [] {
            guard case .string(let name) = element.value else { continue }
            let leaves = name.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
            guard name.hasPrefix("/") || leaves || name.utf8.contains(0) else { continue }
            report(
                at: element.position,
                "'\(field)' is \(name.quotedExcerpt), which leads out of the model's folder; "
                    + "write a path below it, without '..' and without '/' in front"
            )
        }
    }
}

internal import ApusServer

/// The table of settings as text for `--help`.
enum SettingsHelp {
    /// Two lines for each setting.
    static var text: String {
        Settings.all.map { setting in
            let value = setting.defaultValue.isEmpty ? "" : " (default: \(setting.defaultValue))"
            let form: String
            switch setting.kind {
            case .text: form = " TEXT"
            case .integer: form = " N"
            case .port: form = " PORT|off"
            case .byteCount: form = " BYTES"
            case .duration: form = " DURATION"
            case .list: form = " TEXT,TEXT"
            case .boolean: form = " [BOOL]"
            case .choice(let words): form = " " + words.joined(separator: "|")
            }
            return "  \(setting.flag)\(form)\n        \(setting.help)\(value)"
        }
        .joined(separator: "\n")
    }
}

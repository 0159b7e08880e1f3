extension Settings {
    /// Where versions are kept that come from elsewhere, and what is asked of them.
    static let store = [
        Setting(
            key: "poll_interval",
            kind: .duration,
            defaultValue: "15s",
            help: "With --model-control-mode poll: how often the source is looked at."
        ),
        Setting(
            key: "source_timeout",
            kind: .duration,
            defaultValue: "60s",
            help: "How long a bucket may not answer before a look at it fails; what is live goes on serving."
        ),
        Setting(
            key: "settle_time",
            kind: .duration,
            defaultValue: "2s",
            help: "With poll, watch: how long a version without manifest has to lie unchanged before it loads."
        ),
        Setting(
            key: "cache",
            kind: .text,
            defaultValue: "",
            help: "Folder for versions from a bucket; ~/.cache/apus when empty (XDG_CACHE_HOME counts)."
        ),
        Setting(
            key: "cache_bytes",
            kind: .byteCount(0...Int.max),
            defaultValue: "20GiB",
            help: "Versions in the cache together; those not used for longest go first, never what is served."
        ),
        Setting(
            key: "trusted_keys",
            kind: .list,
            defaultValue: "",
            help: "Files or folders with public keys (PEM) of publishers who are trusted, comma-separated."
        ),
        Setting(
            key: "require_signatures",
            kind: .boolean,
            defaultValue: "false",
            help: "Serve nothing but versions that one of the trusted keys has signed."
        ),
        Setting(
            key: "refuse_older_manifests",
            kind: .boolean,
            defaultValue: "false",
            help: "Refuse a version's manifest that is older than one seen before."
        ),
        Setting(
            key: "key_file",
            kind: .text,
            defaultValue: "",
            help: "File with keys of encrypted models, lines 'NAME = KEY'; the variables APUS_KEY_NAME count too."
        ),
        Setting(
            key: "key_command",
            kind: .list,
            defaultValue: "",
            help: "Command that prints a key; the name is its last argument. Commas between words, no shell."
        ),
    ]
}

extension Settings {
    /// Who may change what while the server runs.
    static let control = [
        Setting(
            key: "model_control_mode",
            kind: .choice(["none", "poll", "watch", "explicit"]),
            defaultValue: "none",
            help: "none: all that is there at the start; poll, watch: changes too; explicit: what is asked for."
        ),
        Setting(
            key: "load_model",
            kind: .list,
            defaultValue: "",
            help: "With explicit control: models to load at the start, comma-separated or one flag each; * for all."
        ),
        Setting(
            key: "control_on_inference_ports",
            kind: .boolean,
            defaultValue: "false",
            help: "Let requests on the inference port load and unload models, share memory and change settings."
        ),
        Setting(
            key: "control_socket",
            kind: .text,
            defaultValue: "",
            help: "Path of a Unix socket, for this user alone, that takes every request, control included."
        ),
        Setting(
            key: "allow_file_overrides",
            kind: .boolean,
            defaultValue: "false",
            help: "Let a load request bring the model's files itself."
        ),
        Setting(
            key: "allow_client_shm",
            kind: .boolean,
            defaultValue: "false",
            help: "Let clients pass tensors in system shared memory."
        ),
        Setting(
            key: "client_shm_prefix",
            kind: .list,
            defaultValue: "",
            help: "What keys of shared memory must begin with, comma-separated; any key when empty."
        ),
    ]
}

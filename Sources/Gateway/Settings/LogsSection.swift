import Logging
import Settings

extension LogConfiguration {
    init(_ read: inout SettingsReader) {
        self.init()
        read.section("Logs", applies: .afterRestart)
        level = read(
            "log.level",
            .choice([
                "trace": .trace, "debug": .debug, "info": .info, "notice": .notice, "warning": .warning,
                "warn": .warning, "error": .error, "critical": .critical,
            ]), default: level, applies: .atOnce, help: "least severe level that is logged")
        format = read("log.format", .choice(), default: format, help: "text, or json for machines")
        showsFrames = read(
            "log.frames", .boolean, default: showsFrames,
            help: "at debug level log OCPP frames with idTags and passwords in them")
    }
}

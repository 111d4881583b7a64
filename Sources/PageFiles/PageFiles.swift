/// The management page: HTML, CSS and JavaScript of ours, inside the program (management.md, "The page"). It asks the API
/// and nobody else.
package enum PageFiles {
    package struct File: Sendable {
        /// `/page/main.js`.
        package let path: String
        package let contentType: String
        package let bytes: [UInt8]
    }

    package static let files: [File] = [
        File(path: "/", contentType: html, bytes: PackageResources.index_html),
        File(path: "/favicon.ico", contentType: "image/svg+xml", bytes: PackageResources.favicon_svg),
        File(path: "/page/style.css", contentType: "text/css; charset=utf-8", bytes: PackageResources.style_css),
        File(path: "/page/main.js", contentType: script, bytes: PackageResources.main_js),
        File(path: "/page/api.js", contentType: script, bytes: PackageResources.api_js),
        File(path: "/page/dom.js", contentType: script, bytes: PackageResources.dom_js),
        File(path: "/page/times.js", contentType: script, bytes: PackageResources.times_js),
        File(path: "/page/live.js", contentType: script, bytes: PackageResources.live_js),
        File(path: "/page/faults.js", contentType: script, bytes: PackageResources.faults_js),
        File(path: "/page/overview.js", contentType: script, bytes: PackageResources.overview_js),
        File(path: "/page/sessions.js", contentType: script, bytes: PackageResources.sessions_js),
        File(path: "/page/chargepoints.js", contentType: script, bytes: PackageResources.chargepoints_js),
        File(path: "/page/faultlist.js", contentType: script, bytes: PackageResources.faultlist_js),
        File(path: "/page/chargepoint.js", contentType: script, bytes: PackageResources.chargepoint_js),
        File(path: "/page/frames.js", contentType: script, bytes: PackageResources.frames_js),
        File(path: "/page/command.js", contentType: script, bytes: PackageResources.command_js),
        File(path: "/page/payloadform.js", contentType: script, bytes: PackageResources.payloadform_js),
        File(path: "/page/refusals.js", contentType: script, bytes: PackageResources.refusals_js),
        File(path: "/page/users.js", contentType: script, bytes: PackageResources.users_js),
        File(path: "/page/configuration.js", contentType: script, bytes: PackageResources.configuration_js),
    ]

    private static let html = "text/html; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"
}

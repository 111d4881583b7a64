import BoundedFiles
import Settings

extension BoundedFile {
    /// For the files that settings name.
    static let reader: SettingsReader.FileReader = { path, limit throws(SettingFlaw) in
        do throws(Failure) { return try read(path, limit: limit) } catch { throw SettingFlaw(error.description) }
    }
}

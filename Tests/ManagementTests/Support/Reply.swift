import Management
import NIOCore
import TestSupport

typealias Reply = HTTPReply

extension HTTPReply {
    var json: JSON { (try? JSON(reading: ByteBuffer(string: body))) ?? .null }
    var code: String? { json["code"]?.string }
    var message: String { json["message"]?.string ?? "" }
}

import OCPPJ
import Testing

/// A message as the log shows it: no secret, nobody's name.
@Suite struct FrameRedactionTests {
    @Test(arguments: [
        (
            #"[2,"1","Authorize",{"idTag":"B4F62CEF"}]"#,
            #"[2,"1","Authorize",{"idTag":"***"}]"#
        ),
        (
            #"[2,"1","A",{ "password" : {"a":["x"]} , "b":[{"token":"t"}, 1.50] }]"#,
            #"[2,"1","A",{"password":"***","b":[{"token":"***"},1.50]}]"#
        ),
        (
            #"[2,"1","A",{"\u0069dTag":"B4F62CEF"}]"#,
            #"[2,"1","A",{"\u0069dTag":"***"}]"#
        ),
        (
            #"[2,"1","UpdateFirmware",{"location":"ftp://me:pw@host/f"}]"#,
            #"[2,"1","UpdateFirmware",{"location":"***"}]"#
        ),
        (
            #"[2,"1","Authorize",{"idToken":{"idToken":"B4F6","type":"ISO14443","additionalInfo":[{"additionalIdToken":"x"}]}}]"#,
            #"[2,"1","Authorize",{"idToken":"***"}]"#
        ),
        (
            #"[2,"1","SetNetworkProfile",{"connectionData":{"ocppCsmsUrl":"wss://u:p@h","basicAuthPassword":"s"}}]"#,
            #"[2,"1","SetNetworkProfile",{"connectionData":{"ocppCsmsUrl":"***","basicAuthPassword":"***"}}]"#
        ),
        (
            #"[2,"1","SetNetworkProfile",{"apn":{"apnPassword":"s","simPin":1234},"vpn":{"server":"v","key":"k"}}]"#,
            #"[2,"1","SetNetworkProfile",{"apn":{"apnPassword":"***","simPin":"***"},"vpn":{"server":"v","key":"***"}}]"#
        ),
        (
            #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"s3","variable":{"name":"BasicAuthPassword"}},{"variable":{"name":"HeartbeatInterval"},"attributeValue":"60"}]}]"#,
            #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"***","variable":{"name":"BasicAuthPassword"}},{"variable":{"name":"HeartbeatInterval"},"attributeValue":"60"}]}]"#
        ),
        (
            #"[3,"1",{"getVariableResult":[{"variable":{"name":"\u0053imPin"},"attribute\u0056alue":"1234"}]}]"#,
            #"[3,"1",{"getVariableResult":[{"variable":{"name":"\u0053imPin"},"attribute\u0056alue":"***"}]}]"#
        ),
        (
            #"[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}]"#,
            #"[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}]"#
        ),
    ])
    func `What identifies people and opens doors is hidden`(text: String, shown: String) {
        #expect(FrameRedaction.text(of: buffer(text), showsAll: false) == shown)
        #expect(FrameRedaction.text(of: buffer(text), showsAll: true) == text)
    }

    @Test(arguments: [
        "AuthorizationKey", "authorizationkey", "AUTHORIZATIONKEY", "BasicAuthPassword", "Authorization\\u004bey",
        "\\u0041uthorization\\u004Bey",
    ])
    func `The value of a secret configuration key is hidden however the key is spelled`(key: String) {
        let members = ["\"key\":\"\(key)\"", "\"value\":\"5EC2E7\""]
        for order in [members, members.reversed()] {
            let text = "[2,\"1\",\"ChangeConfiguration\",{\(order.joined(separator: ","))}]"
            #expect(!FrameRedaction.text(of: buffer(text), showsAll: false).contains("5EC2E7"))
        }
    }

    @Test(arguments: ["[2,\"1\",\"Authorize\",{\"idTag\":\"B4F62CEF\"", "idTag=B4F62CEF", "[\"B4F62CEF\\x\"]"])
    func `What is not JSONIs not shown`(text: String) {
        #expect(
            FrameRedaction.text(of: buffer(text), showsAll: false) == "(\(text.utf8.count) bytes that are not JSON)")
    }

    /// Bytes, because one `Character` may be of any length.
    @Test(arguments: ["x", "é", "\u{301}"])
    func `A long message is cut`(character: String) {
        let text = "[\"\(String(repeating: character, count: 20_000))\",\"AuthorizationKey\",{\"value\":\"5EC2E7\"}]"
        for showsAll in [false, true] {
            let shown = FrameRedaction.text(of: buffer(text), showsAll: showsAll)
            #expect(shown.hasSuffix("… (\(text.utf8.count) bytes)"))
            #expect(shown.utf8.count < 4096 + 40)
        }
    }
}

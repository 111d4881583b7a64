/// The kinds of names.
public enum NameKind {
    public enum ChargePointIdentity {}
    public enum Topic {}
    public enum UniqueID {}
    public enum UserName {}
    public enum ClientID {}
}

/// The identity of a charge point, percent-decoded from its connection URL (OCPP-J 1.6, 3.1.1).
public typealias ChargePointIdentity = OutsideName<NameKind.ChargePointIdentity>

/// An MQTT topic name or topic filter (MQTT 5, 4.7).
public typealias Topic = OutsideName<NameKind.Topic>

/// The UniqueId of a CALL and its answer (OCPP-J 1.6, 4.1.4), decoded.
public typealias UniqueID = OutsideName<NameKind.UniqueID>

/// The user name of HTTP Basic (RFC 7617) and of an MQTT CONNECT.
public typealias UserName = OutsideName<NameKind.UserName>

/// An MQTT Client Identifier (MQTT 5, 3.1.3.1).
public typealias ClientID = OutsideName<NameKind.ClientID>

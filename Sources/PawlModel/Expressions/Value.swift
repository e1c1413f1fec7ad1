/// A value of a runbook: what inputs, facts and expressions are made of.
package indirect enum Value: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  case string(String)
  case version(KubernetesVersion)
  case list([Value])
  case map([String: Value])

  /// The type's name as an operator reads it in a message.
  package var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .int: "a whole number"
    case .string: "text"
    case .version: "a version"
    case .list: "a list"
    case .map: "a map"
    }
  }

  /// The value in the forms that JSON has: a version becomes its text.
  package var plain: Value {
    switch self {
    case .version(let version): .string(version.description)
    case .list(let items): .list(items.map(\.plain))
    case .map(let entries): .map(entries.mapValues(\.plain))
    case .null, .bool, .int, .string: self
    }
  }
}

extension Value: CustomStringConvertible {
  /// The text that a template inserts for the value.
  package var description: String {
    switch self {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .int(let number): String(number)
    case .string(let text): text
    case .version(let version): version.description
    case .list(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
    case .map(let entries):
      "{" + entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    }
  }
}

extension Value: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // The frequent types first: each miss costs an error, and plans have many values.
    if container.decodeNil() {
      self = .null
    } else if let text = try container.decodeIfMatching(String.self) {
      self = .string(text)
    } else if let entries = try container.decodeIfMatching([String: Value].self) {
      self = .map(entries)
    } else if let items = try container.decodeIfMatching([Value].self) {
      self = .list(items)
    } else if let number = try container.decodeIfMatching(Int.self) {
      self = .int(number)
    } else {
      self = .bool(try container.decode(Bool.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let flag): try container.encode(flag)
    case .int(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    case .version(let version): try container.encode(version)
    case .list(let items): try container.encode(items)
    case .map(let entries): try container.encode(entries)
    }
  }
}

extension SingleValueDecodingContainer {
  /// The value when it has this type, nil when it has another one. Other errors, such as a number that does not
  /// fit, are thrown.
  fileprivate func decodeIfMatching<T: Decodable>(_ type: T.Type) throws -> T? {
    do {
      return try decode(type)
    } catch DecodingError.typeMismatch(_, let context) where context.codingPath.count == codingPath.count {
      return nil
    }
  }
}

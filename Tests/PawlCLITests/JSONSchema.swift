import Foundation

/// The part of JSON Schema that Pawl's schema of events uses.
struct JSONSchema {
  private let root: [String: Any]

  struct Unreadable: Error {}

  init(file: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    guard let root = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw Unreadable()
    }
    self.root = root
  }

  /// What is wrong with a value; empty when it fits.
  func problems(of value: Any) -> [String] { Self.problems(of: value, root, "") }

  /// Whether a property's description has a word.
  func names(_ word: String, under property: String) -> Bool {
    let properties = root["properties"] as? [String: [String: Any]] ?? [:]
    let text = properties[property]?["description"] as? String ?? ""
    return text.split { !$0.isLetter && $0 != "-" }.contains { $0 == word }
  }

  private static func problems(of value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    var found: [String] = []
    if let type = schema["type"] as? String, !fits(value, type) { return ["\(path) is no \(type)"] }
    if let constant = schema["const"] as? NSObject, constant != value as? NSObject {
      found.append("\(path) is not the constant")
    }
    if let allowed = schema["enum"] as? [NSObject], !allowed.contains(where: { $0 == value as? NSObject }) {
      found.append("\(path) is none of those allowed")
    }
    if schema["format"] as? String == "date-time",
      ISO8601DateFormatter().date(from: value as? String ?? "") == nil
    {
      found.append("\(path) is no date-time")
    }
    if let object = value as? [String: Any] {
      for key in schema["required"] as? [String] ?? [] where object[key] == nil {
        found.append("\(key) is missing")
      }
      for (key, schema) in schema["properties"] as? [String: [String: Any]] ?? [:] {
        if let member = object[key] { found += problems(of: member, schema, key) }
      }
    }
    if let items = schema["items"] as? [String: Any], let list = value as? [Any] {
      for (index, item) in list.enumerated() { found += problems(of: item, items, "\(path)[\(index)]") }
    }
    return found
  }

  private static func fits(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "integer": value is Int && !isBoolean(value)
    case "boolean": isBoolean(value)
    default: false
    }
  }

  private static func isBoolean(_ value: Any) -> Bool {
    (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? (value is Bool)
  }
}

package import Foundation

/// Bytes that must not appear in any description, mirror or dump: keys, tokens, passwords.
package struct KubeSecret: Sendable, Hashable {
  /// The secret itself. Ask for it only where it goes on the wire.
  package let bytes: Data

  /// Wraps the bytes.
  package init(_ bytes: Data) { self.bytes = bytes }

  /// Wraps the UTF-8 form of a text.
  package init(_ text: String) { self.bytes = Data(text.utf8) }
}

extension KubeSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<secret>" }
  package var debugDescription: String { "<secret>" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension KubeSecret: Decodable {
  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }
}

import Foundation
import Logging

/// Writes each event as one line on standard error: time, level, label, message, metadata.
struct StandardErrorLog: LogHandler {
  let label: String
  var logLevel = Logger.Level.warning
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(label: String) { self.label = label }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { Console.error(line(event, at: Date())) }

  func line(_ event: LogEvent, at time: Date) -> String {
    let stamp = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
      .map { " \($0.key)=\(Self.word("\($0.value)"))" }
    return "\(stamp) \(event.level) \(label): \(Self.escaped("\(event.message)"))\(fields.joined())"
  }

  /// Text with blanks or quotes is put in quotes.
  private static func word(_ text: String) -> String {
    let escaped = escaped(text)
    return escaped == text && !text.isEmpty && !text.contains(" ") ? text : "\"\(escaped)\""
  }

  /// Without line ends and other controls, which would break the line or reach the terminal.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      let isSpecial = scalar.properties.generalCategory == .control || scalar == "\"" || scalar == "\\"
      result += isSpecial ? scalar.escaped(asASCII: true) : String(scalar)
    }
  }
}

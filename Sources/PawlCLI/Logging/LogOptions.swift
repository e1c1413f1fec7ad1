import ArgumentParser
import Logging

/// What to log.
struct LogOptions: ParsableArguments {
  /// swift-log's levels without `critical`, which Pawl has no use for.
  static let levels = Logger.Level.allCases.filter { $0 != .critical }
  private static let names = levels.map { "\($0)" }.joined(separator: ", ")

  @Option(
    help: ArgumentHelp(
      "What to log on standard error: \(names). Calls to hosts and the API server are logged at debug.",
      valueName: "level"),
    transform: LogOptions.level)
  var logLevel: Logger.Level?

  /// The level that counts: the flag, `PAWL_LOG_LEVEL`, or warning.
  var level: Logger.Level { logLevel ?? .warning }

  /// Falls back on the environment.
  mutating func validate() throws {
    if logLevel == nil, let text = Console.environment["PAWL_LOG_LEVEL"], !text.isEmpty {
      logLevel = try Self.level(text)
    }
  }

  private static func level(_ text: String) throws -> Logger.Level {
    guard let level = levels.first(where: { "\($0)" == text }) else {
      throw ValidationError("A log level is one of \(names), not '\(text)'.")
    }
    return level
  }
}

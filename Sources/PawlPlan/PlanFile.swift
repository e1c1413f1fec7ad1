package import Foundation
package import PawlModel

/// Reads and writes plans as JSON; see schemas/plan.schema.json.
package enum PlanFile {
  /// The plan's bytes: sorted keys, two-space indents, a final newline. The same plan gives the same bytes.
  ///
  /// - Throws: what the encoder throws; a plan has nothing that it refuses.
  package static func encode(_ plan: Plan) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(plan) + Data("\n".utf8)
  }

  /// - Throws: `DiagnosticsError` for bytes that are no plan, or one of another form.
  package static func decode(_ data: Data, file: String) throws(DiagnosticsError) -> Plan {
    struct Header: Decodable {
      let kind: String
      let schemaVersion: Int
    }
    let start = SourceLocation(file: file, line: 1, column: 1)
    do {
      let header = try JSONDecoder().decode(Header.self, from: data)
      guard header.kind == "Plan" else {
        throw DiagnosticsError([Diagnostic(.error, "This is a \(header.kind), not a plan.", at: start)])
      }
      guard header.schemaVersion == Plan.currentSchemaVersion else {
        throw DiagnosticsError([
          Diagnostic(
            .error,
            "The plan has schemaVersion \(header.schemaVersion); this Pawl reads \(Plan.currentSchemaVersion).",
            hint: "Make the plan again with this version.", at: start)
        ])
      }
      return try JSONDecoder().decode(Plan.self, from: data)
    } catch let error as DiagnosticsError {
      throw error
    } catch let error as DecodingError {
      throw DiagnosticsError([
        Diagnostic(.error, "The file is not a plan: \(Self.sentence(error))", at: start)
      ])
    } catch {
      throw DiagnosticsError([Diagnostic(.error, "The file is not a plan.", at: start)])
    }
  }

  private static func sentence(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      "'\(path(context.codingPath + [key]))' is missing."
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "'\(path(context.codingPath))' has the wrong type."
    case .dataCorrupted(let context):
      context.codingPath.isEmpty ? "it is not JSON." : "'\(path(context.codingPath))' can't be read."
    @unknown default:
      "it can't be read."
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
  }
}

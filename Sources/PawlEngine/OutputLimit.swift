package import PawlPlan

/// How much of a step's output a store keeps, and what stands in for the rest. One rule for every `RunStore`.
package enum OutputLimit {
  /// Bytes of UTF-8 kept for each step, all attempts together; the newest stay.
  package static let bytesPerStep = 256 * 1024

  /// The line that says how much is missing; it comes before the oldest record that is kept.
  package static func marker(before record: OutputRecord, droppedBytes: Int) -> OutputRecord {
    OutputRecord(
      step: record.step, attempt: record.attempt,
      text: "[pawl: \(droppedBytes) bytes of earlier output were dropped]\n")
  }

  /// The end of a text in UTF-8, without at least `count` bytes; never begins inside a character's encoding.
  package static func end(of bytes: [UInt8], dropping count: Int) -> [UInt8] {
    Array(bytes.dropFirst(count).drop { $0 & 0b1100_0000 == 0b1000_0000 })
  }

  /// The records with a marker before the first one of each step that lost output.
  ///
  /// `dropped` holds the bytes lost by each such step.
  package static func withMarkers(_ records: [OutputRecord], dropped: [StepID: Int]) -> [OutputRecord] {
    var unmarked = dropped
    var marked: [OutputRecord] = []
    marked.reserveCapacity(records.count + dropped.count)
    for record in records {
      if let bytes = unmarked.removeValue(forKey: record.step), bytes > 0 {
        marked.append(marker(before: record, droppedBytes: bytes))
      }
      marked.append(record)
    }
    return marked
  }
}

/// Bytes waiting to be sent: appended at the end, taken from the front.
///
/// The front keeps its content until it is taken, so that a write which libssh2 wants repeated sees the same bytes.
struct ByteQueue {
  private var bytes: [UInt8] = []
  private var start = 0

  var count: Int { bytes.count - start }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ new: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: new)
  }

  mutating func removeAll() {
    bytes = []
    start = 0
  }

  /// Hands the front bytes, `limit` at most, to `body`, which returns how many it has taken.
  mutating func take(atMost limit: Int, _ body: (UnsafeRawBufferPointer) -> Int) -> Int {
    let end = min(bytes.count, start + limit)
    let taken = bytes[start..<end].withUnsafeBytes(body)
    guard taken > 0 else { return taken }
    start += taken
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
      start = 0
    } else if start >= 1 << 16 {
      bytes.removeFirst(start)
      start = 0
    }
    return taken
  }
}

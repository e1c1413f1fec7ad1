/// What a client has done since it was made.
package struct KubeStatistics: Sendable, Equatable {
  /// Requests sent, watches and repetitions included.
  package var requests = 0
  /// Requests that were repetitions.
  package var repetitions = 0
  /// Watches opened.
  package var watches = 0
  /// Connections made.
  package var connections = 0
  /// Answers that came over HTTP/2.
  package var http2Responses = 0
  /// Bytes of the answers that were kept whole, after decompression.
  package var bytesReceived = 0
}

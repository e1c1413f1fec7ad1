import Foundation

/// What Prometheus's HTTP API answers (prometheus.io/docs/prometheus/latest/querying/api).
enum PrometheusAnswer {
  /// Why an answer can't be used: a phrase.
  struct Problem: Error, Hashable {
    let text: String
  }

  /// One sample of an instant query.
  struct Sample: Sendable, Hashable {
    /// `up{job="web"}`; empty for a bare number.
    let series: String
    let value: Double
  }

  private struct Envelope<Content: Decodable>: Decodable {
    let status: String
    let error: String?
    let data: Content?
  }

  private enum Result: Decodable {
    struct Series: Decodable {
      let metric: [String: String]
      let value: Point
    }

    /// A time and a value in quotes.
    struct Point: Decodable {
      let value: Double

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        _ = try container.decode(Double.self)
        let text = try container.decode(String.self)
        // Prometheus writes `+Inf`, `-Inf` and `NaN`, which Swift reads.
        guard let value = Double(text) else {
          throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no number")
        }
        self.value = value
      }
    }

    case vector([Series])
    case scalar(Point)
    case other(String)

    private enum Keys: CodingKey { case resultType, result }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Keys.self)
      switch try container.decode(String.self, forKey: .resultType) {
      case "vector": self = .vector(try container.decode([Series].self, forKey: .result))
      case "scalar": self = .scalar(try container.decode(Point.self, forKey: .result))
      case let type: self = .other(type)
      }
    }
  }

  private struct Alerts: Decodable {
    struct Alert: Decodable {
      let labels: [String: String]
      let state: String
    }
    let alerts: [Alert]
  }

  /// The samples of an instant query (`/api/v1/query`).
  static func samples(in body: String) throws(Problem) -> [Sample] {
    switch try content(Result.self, of: body) {
    case .vector(let series): return series.map { Sample(series: name($0.metric), value: $0.value.value) }
    case .scalar(let point): return [Sample(series: "", value: point.value)]
    case .other(let type): throw Problem(text: "the query gives a \(type), not a number for each series")
    }
  }

  /// The names of the alerts that fire (`/api/v1/alerts`), each once, in order.
  static func firing(in body: String) throws(Problem) -> [String] {
    let alerts = try content(Alerts.self, of: body).alerts.filter { $0.state == "firing" }
    return Set(alerts.map { $0.labels["alertname"] ?? "an alert without a name" }).sorted()
  }

  private static func content<Content: Decodable>(
    _ type: Content.Type, of body: String
  ) throws(Problem) -> Content {
    let envelope: Envelope<Content>
    do {
      envelope = try JSONDecoder().decode(Envelope<Content>.self, from: Data(body.utf8))
    } catch {
      throw Problem(text: "it does not answer as Prometheus does: \(WebAddress.excerpt(body))")
    }
    guard let content = envelope.data else {
      throw Problem(text: "Prometheus refuses: \(envelope.error ?? envelope.status)")
    }
    return content
  }

  private static func name(_ metric: [String: String]) -> String {
    let labels = metric.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
      .map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
    return (metric["__name__"] ?? "") + (labels.isEmpty ? "" : "{\(labels)}")
  }
}

import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite struct GateHTTPTests {
  private let url = "https://shop.example/healthz"

  private func step(_ with: [String: Value] = [:]) -> PlanStep {
    ActionBench.step(
      "gate/http@v1", with: with.merging(["url": .string(url)]) { $1 }, host: nil, timeoutSeconds: 60)
  }

  private func bench(_ answers: [FakeWeb.Answer]) -> ActionBench {
    let bench = ActionBench()
    bench.web.answer(url, answers)
    return bench
  }

  private static func answer(_ status: Int, _ body: String = "") -> FakeWeb.Answer {
    .success(HTTPAnswer(status: status, body: body))
  }

  @Test func passesAfterEnoughGoodLooks() async {
    let bench = bench([Self.answer(200)])
    #expect(
      await bench.perform(step()).outcome?.summary == "\(url) answers 200, in 3 of the last 3 looks, at once."
    )
    #expect(bench.web.questions.count == 3)
    #expect(bench.clock.seconds == 10)
  }

  @Test func aBadLookStartsTheCountAgainUnlessSomeMayBeBad() async {
    let answers = [Self.answer(200), Self.answer(503, "busy"), Self.answer(200)]
    let strict = bench(answers)
    #expect(await strict.perform(step()).failure == nil)
    #expect(strict.web.questions.count == 5)
    #expect(
      strict.log.statuses.contains(
        "\(url): waits; it answers 503, not 200: busy; 1 of 3 good looks; 5 of 60 s"))
    let lenient = bench(answers)
    #expect(await lenient.perform(step(["samples": .int(2), "of": .int(3)])).failure == nil)
    #expect(lenient.web.questions.count == 3)
  }

  @Test(arguments: [
    (answer(500, "down\n  for maintenance"), "it answers 500, not 200: down for maintenance"),
    (answer(200, "starting"), "its answer has no 'ready' in it: starting"),
    (
      .failure(HTTPProbeError(.tls, "has a certificate that this machine does not trust (expired)")),
      "it has a certificate that this machine does not trust (expired)"
    ),
  ])
  func saysWhatIsWrongAtTheLimit(_ answer: FakeWeb.Answer, _ why: String) async {
    let failure = await bench([answer]).perform(step(["contains": .string("ready")])).failure
    #expect(failure?.code == "http-gate-closed")
    #expect(failure?.message == "\(url) did not pass within 60 s: \(why).")
    #expect(failure?.retry == .temporary)
  }

  @Test func asksWithTheCertificatesOfTheGate() async {
    let bench = bench([Self.answer(200)])
    #expect(await bench.perform(step(["caFile": .string("/srv/ca.crt")])).failure == nil)
    #expect(bench.web.caFiles == Array(repeating: "/srv/ca.crt", count: 3))
    let plain = self.bench([Self.answer(200)])
    #expect(await plain.perform(step(["caFile": .string("")])).failure == nil)
    #expect(plain.web.caFiles == [nil, nil, nil])
  }

  @Test func certificatesThatAreNotThereEndItAtOnce() async {
    let bench = bench([.failure(HTTPProbeError(.authorities, "/srv/ca.crt: there is no such file."))])
    let failure = await bench.perform(step(["caFile": .string("/srv/ca.crt")])).failure
    #expect(failure?.code == "ca-file-unreadable" && failure?.retry == .permanent)
    #expect(
      failure?.message
        == "Step 1.20/step@cp-1 can't verify the certificate of \(url): /srv/ca.crt: there is no such file.")
    #expect(failure?.hint?.contains("pawl resume") == true)
    #expect(bench.clock.seconds == 0)
  }

  @Test(arguments: ["ftp://shop.example", "https://user:secret@shop.example/", "https://", "shop.example"])
  func refusesAPlanWithAnAddressThatCantBeAsked(_ address: String) {
    let site = ActionSpec.Site(host: nil, parameters: ["url": .string(address)])
    let refusal = #expect(throws: PlanRefusal.self) { try GateHTTP.spec.freeze(site, nil) }
    #expect(refusal?.code == "gate-address")
  }
}

@Suite struct GatePrometheusTests {
  private let base = "http://prom.example:9090"

  private func perform(
    _ path: String, _ bodies: [String], _ with: [String: Value]
  ) async -> (StepResult, ActionBench) {
    let bench = ActionBench()
    bench.web.answer(base + path, bodies.map { .success(HTTPAnswer(status: 200, body: $0)) })
    let with = with.merging(["url": .string(base + "/"), "except": .list([])]) { given, _ in given }
    let step = ActionBench.step("gate/prometheus@v1", with: with, host: nil, timeoutSeconds: 60)
    return (await bench.perform(step), bench)
  }

  private static func vector(_ samples: String...) -> String {
    let result = samples.map { #"{"metric":{"__name__":"up","job":"web"},"value":[1700000000.5,"\#($0)"]}"# }
    return
      #"{"status":"success","data":{"resultType":"vector","result":[\#(result.joined(separator: ","))]}}"#
  }

  private static func query(_ op: String, _ value: String) -> [String: Value] {
    ["query": .string("up{job=\"web\"}"), "op": .string(op), "value": .string(value)]
  }

  private let path = "/api/v1/query?query=up%7Bjob%3D%22web%22%7D"

  @Test func passesWhenEachValueCompares() async {
    let (result, bench) = await perform(path, [Self.vector("1", "2.5")], Self.query(">=", "1"))
    #expect(
      result.outcome?.summary
        == "Prometheus at \(base): up{job=\"web\"} is 1; 2.5, so >= 1, in 2 of the last 2 looks, at once.")
    #expect(bench.clock.seconds == 15)
  }

  @Test func waitsThenPasses() async {
    let (result, bench) = await perform(path, [Self.vector("0"), Self.vector("1")], Self.query("==", "1"))
    #expect(result.failure == nil)
    #expect(bench.clock.seconds == 30)
    #expect(
      bench.log.statuses.first
        == "\(base): waits; up{job=\"web\"} is 0, not == 1; 0 of 2 good looks; 0 of 60 s")
  }

  @Test(arguments: [
    (vector("NaN"), "up{job=\"web\"} is nan, not < 5"), (vector(), "up{job=\"web\"} has no value"),
    (
      #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
      "the query gives a matrix, not a number for each series (status 200)"
    ),
    (
      #"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
      "Prometheus refuses: parse error (status 200)"
    ),
    ("<html>login</html>", "it does not answer as Prometheus does: <html>login</html> (status 200)"),
  ])
  func saysWhatIsMissingAtTheLimit(_ body: String, _ why: String) async {
    let (result, _) = await perform(path, [body], Self.query("<", "5"))
    #expect(result.failure?.code == "prometheus-gate-closed")
    #expect(result.failure?.causes == [why])
  }

  @Test func aBareNumberIsAValueToo() async {
    let scalar = #"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"3"]}}"#
    #expect(await perform(path, [scalar], Self.query("!=", "4")).0.failure == nil)
  }

  private static let alerts =
    #"{"status":"success","data":{"alerts":[{"labels":{"alertname":"Watchdog"},"state":"firing"},{"labels":{"alertname":"Slow"},"state":"pending"},{"labels":{"alertname":"DiskFull"},"state":"firing"}]}}"#

  @Test func noAlertMayFireButThoseExcepted() async {
    let excepted: Value = .list([.string("Watchdog"), .string("DiskFull")])
    let (good, _) = await perform("/api/v1/alerts", [Self.alerts], ["except": excepted])
    #expect(good.outcome?.summary.contains("only DiskFull, Watchdog fires") == true)
    let (bad, _) = await perform("/api/v1/alerts", [Self.alerts], ["except": .list([.string("Watchdog")])])
    #expect(bad.failure?.message == "Prometheus at \(base) did not pass within 60 s: alert DiskFull fires.")
  }

  @Test func refusesAPlanWhoseQueryHasNothingToCompareWith() {
    let site = ActionSpec.Site(
      host: nil, parameters: ["url": .string(base), "query": .string("up"), "value": .string("many")])
    #expect(throws: PlanRefusal.self) { try GatePrometheus.spec.freeze(site, nil) }
  }
}

@Suite struct GateCommandTests {
  private let step = ActionBench.step(
    "gate/command@v1", with: ["run": .list([.string("smoke"), .string("--fast")])], timeoutSeconds: 60)

  @Test func waitsUntilItEndsWithZero() async {
    let bench = ActionBench([
      .init(["smoke", "--fast"], status: 1, error: "no answer\nfrom the till\n"), .init(["smoke", "--fast"]),
    ])
    #expect(
      await bench.perform(step).outcome?.summary
        == "On cp-1 'smoke --fast' ended with status 0, in one look, after 10 s.")
    #expect(
      bench.log.output.first == "0 s: waits: 'smoke --fast' ended with exit status 1: from the till\n")
    #expect(bench.host.commands.isEmpty, "nothing that outlives the link")
  }

  @Test func aProgramThatTakesTooLongDoesNotPass() async {
    let bench = ActionBench([])
    bench.host.set(lookError: HostError(.timedOut, "A command on cp-1 took too long."))
    let failure = await bench.perform(step).failure
    #expect(failure?.code == "command-gate-closed" && failure?.retry == .temporary)
    #expect(failure?.causes == ["'smoke --fast' took longer than 60 s"])
  }

  @Test func saysHowItEndedAtTheLimit() async {
    let failure = await ActionBench([.init(["smoke", "--fast"], status: 2)]).perform(step).failure
    #expect(failure?.code == "command-gate-closed")
    #expect(
      failure?.message
        == "The gate on cp-1 did not pass within 60 s: 'smoke --fast' ended with exit status 2.")
  }
}

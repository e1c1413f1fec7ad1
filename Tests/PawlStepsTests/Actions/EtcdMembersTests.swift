import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import Testing

@testable import PawlSteps

/// What etcdctl says of members, and the line of the host that is asked.
enum Etcd {
  /// - Parameters:
  ///   - down: Those whose client URL is not healthy.
  static func output(
    _ members: [String], down: Set<String> = [], own: String = "etcd-1", more: [String] = []
  ) -> String {
    let list = members.enumerated().map { index, name in
      "\(index)a, started, \(name), https://\(name):2380, https://\(name):2379, false"
    }
    let health = members.map {
      down.contains($0)
        ? "https://\($0):2379 is unhealthy: failed to commit proposal: context deadline exceeded"
        : "https://\($0):2379 is healthy: successfully committed proposal: took = 2.1ms"
    }
    return text(own: own, list: list + more, health: health)
  }

  static func text(
    own: String = "etcd-1", urls: String? = nil, list: [String], health: [String], status: Int = 0
  ) -> String {
    (["pawl-etcd-process \(own)", "pawl-etcd-urls \(urls ?? "https://\(own):2379")", "pawl-etcd-list"] + list
      + ["", "pawl-etcd-status \(status)", "pawl-etcd-health"] + health + ["", "pawl-etcd-status \(status)"])
      .joined(separator: "\n") + "\n"
  }

  static func reply(_ output: String) -> FakeHost.Reply { .init(EtcdQuestion.argv, output) }
}

@Suite struct EtcdAnswerTests {
  @Test func readsTheListOfEachVersion() throws {
    // Without a column for learners up to 3.3, and with several client URLs.
    let old = try #require(
      EtcdAnswer.Member(
        line: "8e9e05c52164694d, started, infra1, http://10.0.0.1:2380, http://a:2379,http://b:2379"))
    #expect(old.clientURLs == ["http://a:2379", "http://b:2379"] && !old.isLearner)
    let new = try #require(
      EtcdAnswer.Member(line: "8211f1d0f64f3269, started, infra1, http://a:2380, http://a:2379, true"))
    #expect(new.isLearner)
    let added = try #require(EtcdAnswer.Member(line: "91bc3c398fb3c146, unstarted, , http://c:2380, , false"))
    #expect(added.name == "" && added.clientURLs == [])
    let addedOld = try #require(EtcdAnswer.Member(line: "91bc3c398fb3c146, unstarted, , http://c:2380, "))
    #expect(addedOld.clientURLs == [])
    for line in [
      "", "Error: x, started, y, z", "Added member named m, started, x, y", "1a, gone, m, x, y, false",
    ] {
      #expect(EtcdAnswer.Member(line: line) == nil)
    }
  }

  @Test func aMemberIsHealthyByOneOfItsURLs() throws {
    let answer = try #require(
      EtcdAnswer.all(
        in: Etcd.text(
          own: "m1", urls: "http://a:2379",
          list: [
            "1a, started, m1, http://a:2380, http://a:2379,http://b:2379, false",
            "2b, started, m2, http://c:2380, http://c:2379, false",
            "3c, unstarted, , http://d:2380, , false",
            "4d, started, m4, http://e:2380, http://e:2379, true",
          ],
          health: [
            #"{"level":"warn","msg":"http://c:2379 is healthy: no"}"#,
            "http://a:2379 is unhealthy: failed to connect: dial tcp: refused",
            "http://b:2379 is healthy: successfully committed proposal: took = 1ms",
            "http://c:2379 is unhealthy: failed to commit proposal: context deadline exceeded",
            "Error: unhealthy cluster",
          ], status: 1)
      ).first)
    #expect(answer.trouble == nil)
    #expect(answer.own == "m1")
    #expect(answer.quorum.members == ["3c", "m1", "m2"])
    #expect(answer.quorum.healthy == ["m1"])
  }

  /// etcd lets members have one name, and calls each `default` that was given none.
  @Test func theOwnMemberIsFoundByURLThenByName() throws {
    let list = [
      "1a, started, default, http://a:2380, http://a:2379, false",
      "2b, started, default, http://b:2380, http://b:2379, false",
      "3c, started, third, http://c:2380, http://c:2379, false",
    ]
    let health = ["http://a:2379 is healthy: x"]
    func own(_ name: String, _ urls: String) -> String? {
      EtcdAnswer.all(in: Etcd.text(own: name, urls: urls, list: list, health: health)).first?.own
    }
    #expect(own("", "http://b:2379,http://localhost:2379") == "2b")
    #expect(own("third", "http://elsewhere:2379") == "third")
    #expect(own("", "http://elsewhere:2379") == nil)
    #expect(own("gone", "http://elsewhere:2379") == nil)
  }

  @Test(
    arguments: [
      (["Error: context deadline exceeded"], 1, "etcdctl says: Error: context deadline exceeded", true),
      (
        ["Error: dial tcp: refused", #"{"level":"warn"}"#], 1, "etcdctl says: Error: dial tcp: refused", true
      ),
      ([], 124, "etcdctl did not end in time", true),
      ([], 1, "etcdctl says nothing", true),
      (
        ["nsenter: failed to execute etcdctl: No such file or directory"], 127,
        "there is no etcdctl, neither on the host nor beside etcd", false
      ),
    ] as [([String], Int, String, Bool)])
  func saysWhyNothingIsKnown(said: [String], status: Int, text: String, mayPass: Bool) {
    let output = Etcd.text(list: said, health: said, status: status)
    #expect(EtcdAnswer.all(in: output).map(\.trouble) == [.init(text: text, mayPass: mayPass)])
    // A list alone proves nothing.
    let listed = Etcd.text(
      list: ["1a, started, m, http://a:2380, http://a:2379"], health: said, status: status)
    #expect(EtcdAnswer.all(in: listed).map(\.trouble) == [.init(text: text, mayPass: mayPass)])
  }

  @Test func whatIsNoAnswerIsNone() {
    #expect(EtcdAnswer.all(in: "").isEmpty)
    #expect(EtcdAnswer.all(in: "Welcome\n").isEmpty)
    #expect(EtcdAnswer.all(in: "pawl-etcd-process m\n").map(\.trouble?.text) == ["etcdctl says nothing"])
  }
}

@Suite struct EtcdCheckMembersTests {
  private let step = ActionBench.step("etcd/check-members@v1", host: "etcd-1", timeoutSeconds: 60)
  private let after = ActionBench.step(
    "etcd/check-members@v1", with: ["spare": .bool(false)], host: "etcd-1", timeoutSeconds: 60)
  private let three = ["etcd-1", "etcd-2", "etcd-3"]

  private func bench(_ outputs: String...) -> ActionBench { ActionBench(outputs.map(Etcd.reply)) }

  @Test func threeCanSpareOne() async {
    #expect(
      await bench(Etcd.output(three)).perform(step).outcome
        == StepOutcome("etcd: 3 members, 3 healthy, 2 needed; taking etcd-1 leaves 2.", changed: false))
  }

  @Test func waitsForTheOtherMember() async {
    let bench = bench(Etcd.output(three, down: ["etcd-3"]), Etcd.output(three))
    #expect(await bench.perform(step).failure == nil)
    #expect(
      bench.log.statuses.first
        == "etcd-1: waits; 3 members, 2 healthy (not etcd-3), 2 needed; taking etcd-1 leaves 1; 0 of 60 s")
  }

  @Test func refusesWhenTheOthersWouldNotBeEnough() async {
    let failure = await bench(Etcd.output(three, down: ["etcd-3"])).perform(step).failure
    #expect(failure?.code == "quorum-at-risk" && failure?.retry == .temporary)
    #expect(
      failure?.message
        == "etcd could not spare the member on etcd-1 within 60 s: 3 members, 2 healthy (not etcd-3), 2 needed; "
        + "taking etcd-1 leaves 1.")
  }

  @Test func theMemberThatIsDownMayBeTaken() async {
    #expect(await bench(Etcd.output(three, down: ["etcd-1"])).perform(step).failure == nil)
  }

  @Test func aMemberThatNeverStartedCounts() async {
    let more = ["9f, unstarted, , https://etcd-4:2380, , false"]
    let failure = await bench(Etcd.output(three, more: more)).perform(step).failure
    #expect(failure?.causes == ["4 members, 3 healthy (not 9f), 3 needed; taking etcd-1 leaves 2"])
  }

  @Test func twoNeverCanSpareOne() async {
    let bench = bench(Etcd.output(["etcd-1", "etcd-2"]))
    let failure = await bench.perform(step).failure
    #expect(failure?.retry == .permanent)
    #expect(
      failure?.message
        == "etcd can't spare the member on etcd-1: 2 members, 2 healthy, 2 needed; taking etcd-1 leaves 1, so etcd "
        + "would stop.")
    #expect(bench.clock.seconds == 0)
  }

  @Test func aSingleOneIsItsOwnRule() async {
    #expect(
      await bench(Etcd.output(["etcd-1"])).perform(step).outcome?.summary
        == "etcd: 1 member, on etcd-1: etcd is away while it restarts, and nothing can spare it.")
  }

  /// A learner has no vote to take away, not even from two.
  @Test func aLearnerMayBeTaken() async {
    let own = "8d, started, etcd-1, https://etcd-1:2380, https://etcd-1:2379, true"
    let two = await bench(Etcd.output(["etcd-2", "etcd-3"], more: [own])).perform(step).outcome
    #expect(two?.summary == "etcd: 2 members, 2 healthy, 2 needed; taking etcd-1 leaves 2.")
  }

  @Test func everyEtcdOfTheHostHasToSpareIt() async {
    let failure = await bench(Etcd.output(three) + Etcd.output(three, down: ["etcd-2"])).perform(step).failure
    #expect(failure?.causes == ["3 members, 2 healthy (not etcd-2), 2 needed; taking etcd-1 leaves 1"])
    let both = await bench(Etcd.output(three) + Etcd.output(["etcd-1"])).perform(step).outcome
    #expect(both?.summary.contains("leaves 2; 1 member, on etcd-1") == true)
  }

  @Test func afterItsTurnEveryMemberHasToBeWell() async {
    let waits = bench(
      "", Etcd.text(list: ["Error: dial tcp: refused"], health: [], status: 1),
      Etcd.output(three, down: ["etcd-1"]), Etcd.output(three))
    #expect(await waits.perform(after).outcome?.summary == "etcd: 3 members, 3 healthy.")
    let failure = await bench(Etcd.output(three, down: ["etcd-1"])).perform(after).failure
    #expect(failure?.code == "members-unhealthy")
    #expect(
      failure?.message
        == "Not every etcd member was healthy within 60 s, asked on etcd-1: 3 members, 2 healthy (not etcd-1)."
    )
    let two = await bench(Etcd.output(["etcd-1", "etcd-2"])).perform(after).outcome
    #expect(two?.summary == "etcd: 2 members, 2 healthy.")
  }

  @Test func withoutAnAnswerNothingIsTouched() async {
    let silent = await bench("").perform(step).failure
    #expect(silent?.code == "etcd-not-asked" && silent?.retry == .temporary)
    #expect(
      silent?.message
        == "etcd's members could not be asked on etcd-1, so whether the others hold quorum is not known: no etcd "
        + "runs there: its member is down, and only it could tell of the others.")
    let stranger = await bench(Etcd.output(["m2", "m3", "m4"])).perform(step).failure
    #expect(stranger?.causes == ["no member on etcd's list is this host's (3 members, 3 healthy)"])
    #expect(stranger?.code == "etcd-not-asked")
    let refused = await bench(Etcd.text(list: ["Error: bad certificate"], health: [], status: 1)).perform(
      step
    ).failure
    #expect(refused?.causes == ["etcdctl says: Error: bad certificate"])
  }

  @Test func whatAskingAgainCanNotHelpFailsAtOnce() async {
    let program = bench(
      Etcd.text(
        list: ["nsenter: failed to execute etcdctl: No such file or directory"], health: [], status: 127))
    #expect(await program.perform(step).failure?.retry == .permanent)
    #expect(program.clock.seconds == 0)
    let root = ActionBench([.init(EtcdQuestion.argv, status: 1, error: "sudo: a password is required\n")])
    let failure = await root.perform(step).failure
    #expect(failure?.causes == ["sudo: a password is required"] && failure?.retry == .permanent)
    #expect(root.clock.seconds == 0)
  }

  /// The simulation answers as etcd does.
  @Test func simulatedHosts() async throws {
    var state = SimulatedState.demo(controlPlanes: 1, workers: 1)
    for name in three {
      state.hosts[name] = state.hosts["worker-1"]
      state.hosts[name]?.name = name
      state.hosts[name]?.enableEtcd()
    }
    state.hosts["etcd-3"]?.poweredOn = false
    let session = try await SimulatedCluster(state).session(to: "etcd-1")
    let output = try await session.run(HostCommand(EtcdQuestion.argv, asRoot: true)).output
    let answer = try #require(EtcdAnswer.all(in: output).first)
    #expect(answer.own == "etcd-1")
    #expect(answer.quorum.count == "3 members, 2 healthy (not etcd-3)")
  }
}

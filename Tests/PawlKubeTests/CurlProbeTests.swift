import PawlContracts
import PawlSteps
import Testing

@testable import PawlCLI

/// Gates' questions over real HTTP and TLS, to a server on this machine.
@Suite(
  "Web addresses behind the port",
  .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct CurlProbeTests {
  private func address(_ stub: Stub, _ path: String, scheme: String = "http") throws -> String {
    let port = try #require(stub.announcement.ports[scheme == "http" ? "clear" : "standard"])
    return "\(scheme)://127.0.0.1:\(port)/\(stub.world)\(path)"
  }

  @Test("keeps the contract of the port", arguments: HTTPProbeContract.names)
  func contract(name: String) async throws {
    let stub = try await Stub(
      .init("/well", .json("all well")), .init("/missing", .json("no such page", status: 404)),
      .init("/moved", .json("", status: 302, headers: ["Location": "/well"])))
    let subject = HTTPProbeContract.Subject(
      probe: try CurlProbe(), well: try address(stub, "/well"), missing: try address(stub, "/missing"),
      // Port 1 is tcpmux, which nobody runs.
      moved: try address(stub, "/moved"), closed: "http://127.0.0.1:1/",
      signed: (try address(stub, "/well", scheme: "https"), stub.announcement.folder + "/ca.crt"))
    try await HTTPProbeContract.run(name, on: subject)
  }

  @Test("A certificate of an authority that the machine does not know is not trusted")
  func unknownAuthority() async throws {
    let stub = try await Stub(.init("/well", .json("all well")))
    let probe = try CurlProbe()
    let url = try address(stub, "/well", scheme: "https")
    let error = await #expect(throws: HTTPProbeError.self) {
      _ = try await probe.get(url, caFile: nil, timeoutSeconds: 10)
    }
    #expect(error?.code == .tls)
    #expect(error?.message.hasPrefix("has a certificate that is not trusted (") == true)
  }

  @Test(
    "Only the authorities of the file count, and without any in it nothing is asked",
    arguments: [
      ("other.crt", HTTPProbeError.Code.tls), ("ca.key", .authorities), ("missing.crt", .authorities),
      ("", .authorities),
    ])
  func otherAuthorities(file: String, code: HTTPProbeError.Code) async throws {
    let stub = try await Stub(.init("/well", .json("all well")))
    let probe = try CurlProbe()
    let url = try address(stub, "/well", scheme: "https")
    let path = stub.announcement.folder + "/" + file
    let error = await #expect(throws: HTTPProbeError.self) {
      _ = try await probe.get(url, caFile: path, timeoutSeconds: 10)
    }
    #expect(error?.code == code)
    if code == .authorities { #expect(error?.message.hasPrefix(path + ": ") == true) }
  }

  @Test("A server that stays silent runs into the limit")
  func silent() async throws {
    let stub = try await Stub(.init("/silent", .silence))
    let probe = try CurlProbe()
    let url = try address(stub, "/silent")
    let error = await #expect(throws: HTTPProbeError.self) {
      _ = try await probe.get(url, caFile: nil, timeoutSeconds: 1)
    }
    #expect(error?.code == .timedOut)
  }

  @Test("Another scheme can't be asked")
  func otherScheme() async throws {
    let probe = try CurlProbe()
    let error = await #expect(throws: HTTPProbeError.self) {
      _ = try await probe.get("file:///etc/hostname", caFile: nil, timeoutSeconds: 1)
    }
    #expect(error?.code == .failed)
  }
}

import Foundation
import FoundationNetworking

/// An API server with a handful of objects in memory: enough to take a lease and to change a node. Speaks clear HTTP
/// on loopback; its process ends with the value, or with the test process.
package final class StubAPIServer: Sendable {
  /// It gave no port.
  package struct NotStarted: Error {}

  /// Where it listens.
  package let url: String
  /// The server's standard input: it ends when this is closed.
  private let lifeline: FileHandle

  /// Starts it.
  ///
  /// - Parameter objects: a JSON object from paths to objects. An object with `code` is an error with that status.
  package init(_ objects: String) throws {
    let process = Process()
    let (input, output) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", Self.script, objects]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var port = ""
    while !port.hasSuffix("\n") {
      let piece = output.fileHandleForReading.availableData
      guard !piece.isEmpty else { throw NotStarted() }
      port += String(decoding: piece, as: UTF8.self)
    }
    url = "http://127.0.0.1:\(port.dropLast())"
    lifeline = input.fileHandleForWriting
  }

  deinit { do { try lifeline.close() } catch { print("the stub's input could not be closed: \(error)") } }

  /// An object as the server has it now; `/log` gives the requests so far.
  package func read(_ path: String) async throws -> String {
    guard let url = URL(string: url + path) else { throw NotStarted() }
    return String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self)
  }

  private static let script = #"""
    import http.server, json, sys, threading
    objects, log, versions = json.loads(sys.argv[1]), [], iter(range(100, 10000))

    def merge(target, patch):
        for key, value in patch.items():
            if value is None: target.pop(key, None)
            elif isinstance(value, dict): merge(target.setdefault(key, {}), value)
            else: target[key] = value

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *arguments): pass

        def reply(self, code, body):
            data = json.dumps(body, sort_keys=True).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def refuse(self, code, reason):
            self.reply(code, {"kind": "Status", "status": "Failure", "reason": reason, "code": code,
                              "message": "the stub says " + reason})

        def keep(self, path, body, code):
            body["metadata"]["resourceVersion"] = str(next(versions))
            objects[path] = body
            self.reply(code, body)

        def serve(self):
            path = self.path.split("?")[0]
            if path == "/log": return self.reply(200, log)
            log.append(self.command + " " + path)
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            if self.command == "POST": path += "/" + body["metadata"]["name"]
            known = objects.get(path)
            if known and "code" in known: return self.refuse(known["code"], "Forbidden")
            if self.command == "GET" and not known:
                items = [o for p, o in sorted(objects.items()) if p.rsplit("/", 1)[0] == path]
                return self.reply(200, {"metadata": {}, "items": items}) if items else self.refuse(404, "NotFound")
            if self.command == "POST":
                return self.refuse(409, "AlreadyExists") if known else self.keep(path, body, 201)
            if not known: return self.refuse(404, "NotFound")
            if self.command == "GET": return self.reply(200, known)
            if self.command == "PATCH":
                merge(known, body)
                return self.keep(path, known, 200)
            if body["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
                return self.refuse(409, "Conflict")
            self.keep(path, body, 200)

        do_GET = do_POST = do_PUT = do_PATCH = serve

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    """#
}

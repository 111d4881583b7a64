/// `docs/openapi.yaml`, put here by docs/embed-openapi.sh.
enum OpenAPIDocument {
    // swift-format-ignore
    static let text = ##"""
openapi: 3.1.0
info:
  title: ocpp-gateway management
  version: "5"
  description: |
    Health, metrics and management of one gateway. Paths, fields and codes are those of EMQX 5.8's gateway API where it
    has them; `x-ours: true` marks what is this gateway's own. `/api/v5/gateway` is the older name of
    `/api/v5/gateways`, and both work for every path below it.
servers:
  - url: /
security:
  - key: []
tags:
  - name: Health
  - name: Gateway
  - name: Listeners
  - name: Authentication
  - name: Users
  - name: Clients
  - name: Configuration
  - name: Traces
paths:
  /healthz:
    get:
      tags: [Health]
      operationId: liveness
      summary: Whether every event loop and broker thread turns
      security: []
      responses:
        "200": {description: "alive", content: {text/plain: {schema: {type: string, const: ok}}}}
        "503": {description: "what has not turned within 5 s", content: {text/plain: {schema: {type: string}}}}
        default: {$ref: "#/components/responses/Error"}
  /readyz:
    get:
      tags: [Health]
      operationId: readiness
      summary: Whether charge points may be sent here
      security: []
      responses:
        "200": {description: ready, content: {application/json: {schema: {$ref: "#/components/schemas/Readiness"}}}}
        "503":
          description: not ready
          headers: {Retry-After: {schema: {type: integer}}}
          content: {application/json: {schema: {$ref: "#/components/schemas/Readiness"}}}
        default: {$ref: "#/components/responses/Error"}
  /status:
    get:
      tags: [Health]
      operationId: status
      summary: EMQX's status text
      security: []
      parameters:
        - {name: format, in: query, schema: {type: string}, description: "`json` for JSON"}
      responses:
        "200":
          description: running
          content: {text/plain: {schema: {type: string}}, application/json: {schema: {$ref: "#/components/schemas/Status"}}}
        "503":
          description: not running
          content: {text/plain: {schema: {type: string}}, application/json: {schema: {$ref: "#/components/schemas/Status"}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/status:
    get:
      tags: [Health]
      operationId: statusOfAPI
      summary: EMQX's status text
      security: []
      parameters:
        - {name: format, in: query, schema: {type: string}, description: "`json` for JSON"}
      responses:
        "200":
          description: running
          content: {text/plain: {schema: {type: string}}, application/json: {schema: {$ref: "#/components/schemas/Status"}}}
        "503":
          description: not running
          content: {text/plain: {schema: {type: string}}, application/json: {schema: {$ref: "#/components/schemas/Status"}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/whoami:
    get:
      tags: [Health]
      operationId: whoami
      summary: The key that is asked with
      x-ours: true
      responses:
        "200":
          description: key and role
          content:
            application/json:
              schema:
                type: object
                required: [key, role]
                properties: {key: {type: string}, role: {type: string, enum: [administrator, viewer]}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/version:
    get:
      tags: [Health]
      operationId: version
      summary: Which build of the gateway this is
      x-ours: true
      responses:
        "200":
          description: version and commit
          content:
            application/json:
              schema:
                type: object
                required: [version, commit]
                properties:
                  version: {type: string}
                  commit: {type: [string, "null"], description: null where it was built without saying so}
        default: {$ref: "#/components/responses/Error"}
  /metrics:
    get:
      tags: [Health]
      operationId: metrics
      summary: Prometheus text 0.0.4
      description: Open to everybody unless `management.metrics_auth` is on.
      security: [{}, {key: []}]
      responses:
        "200": {description: metrics, content: {text/plain: {schema: {type: string}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/prometheus/stats:
    get:
      tags: [Health]
      operationId: prometheusStats
      summary: Prometheus text 0.0.4
      description: Open to everybody unless `management.metrics_auth` is on.
      security: [{}, {key: []}]
      responses:
        "200": {description: metrics, content: {text/plain: {schema: {type: string}}}}
        default: {$ref: "#/components/responses/Error"}
  /api-docs/openapi.yaml:
    get:
      tags: [Health]
      operationId: description
      summary: This document
      x-ours: true
      responses:
        "200": {description: OpenAPI 3.1, content: {application/yaml: {schema: {}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways:
    get:
      tags: [Gateway]
      operationId: listGateways
      summary: The one gateway, ocpp
      parameters:
        - {name: status, in: query, schema: {type: string, enum: [running, stopped, unloaded]}}
      responses:
        "200":
          description: a list of one, or none
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/GatewayItem"}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    get:
      tags: [Gateway]
      operationId: getGateway
      summary: Its settings, listeners and authenticator
      responses:
        "200":
          description: every key that EMQX has in its gateway.ocpp, filled in
          content: {application/json: {schema: {$ref: "#/components/schemas/Gateway"}}}
        default: {$ref: "#/components/responses/Error"}
    put:
      tags: [Gateway]
      operationId: putGateway
      summary: Change what is given
      description: |
        Keys that are given change, `null` goes back to file or default, others stay. `listeners` adds or changes those
        named. `authentication` has a path of its own.
      requestBody: {$ref: "#/components/requestBodies/Object"}
      responses:
        "204": {description: changed}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/enable/{enable}:
    parameters:
      - {$ref: "#/components/parameters/gateway"}
      - {name: enable, in: path, required: true, schema: {type: boolean}}
    put:
      tags: [Gateway]
      operationId: enableGateway
      summary: Start or stop the gateway; the broker link stays
      responses:
        "204": {description: done}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/listeners:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    get:
      tags: [Listeners]
      operationId: listListeners
      summary: All listeners, sorted by id
      responses:
        "200":
          description: listeners
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Listener"}}}}
        default: {$ref: "#/components/responses/Error"}
    post:
      tags: [Listeners]
      operationId: addListener
      summary: Add a listener
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [type, name]
              properties:
                type: {type: string, enum: [ws, wss]}
                name: {type: string, minLength: 1}
                bind: {type: [string, integer]}
            example: {type: ws, name: site2, bind: "33034", mountpoint: site2/, websocket: {path: /ocpp}}
      responses:
        "201": {description: added, content: {application/json: {schema: {$ref: "#/components/schemas/Listener"}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/listeners/{id}:
    parameters: [{$ref: "#/components/parameters/gateway"}, {$ref: "#/components/parameters/listener"}]
    get:
      tags: [Listeners]
      operationId: getListener
      summary: One listener
      responses:
        "200": {description: the listener, content: {application/json: {schema: {$ref: "#/components/schemas/Listener"}}}}
        default: {$ref: "#/components/responses/Error"}
    put:
      tags: [Listeners]
      operationId: changeListener
      summary: Change a listener; it is opened anew before the old one closes, its sessions stay
      requestBody: {$ref: "#/components/requestBodies/Object"}
      responses:
        "200": {description: changed, content: {application/json: {schema: {$ref: "#/components/schemas/Listener"}}}}
        default: {$ref: "#/components/responses/Error"}
    delete:
      tags: [Listeners]
      operationId: deleteListener
      summary: Delete a listener and close its sessions
      responses:
        "204": {description: deleted}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/listeners/{id}/start:
    parameters: [{$ref: "#/components/parameters/gateway"}, {$ref: "#/components/parameters/listener"}]
    post:
      tags: [Listeners]
      operationId: startListener
      summary: Start a listener
      x-ours: true
      responses:
        "200": {description: done}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/listeners/{id}/stop:
    parameters: [{$ref: "#/components/parameters/gateway"}, {$ref: "#/components/parameters/listener"}]
    post:
      tags: [Listeners]
      operationId: stopListener
      summary: Stop a listener
      x-ours: true
      responses:
        "200": {description: done}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/listeners/{id}/restart:
    parameters: [{$ref: "#/components/parameters/gateway"}, {$ref: "#/components/parameters/listener"}]
    post:
      tags: [Listeners]
      operationId: restartListener
      summary: Restart a listener
      x-ours: true
      responses:
        "200": {description: done}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/authentication:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    get:
      tags: [Authentication]
      operationId: getAuthenticator
      summary: The authenticator; secrets are hidden
      responses:
        "200":
          description: its settings
          content: {application/json: {schema: {$ref: "#/components/schemas/Authenticator"}}}
        "204": {description: there is none}
        default: {$ref: "#/components/responses/Error"}
    post:
      tags: [Authentication]
      operationId: createAuthenticator
      summary: Create the authenticator
      requestBody: {$ref: "#/components/requestBodies/Authenticator"}
      responses:
        "201": {description: created, content: {application/json: {schema: {$ref: "#/components/schemas/Authenticator"}}}}
        default: {$ref: "#/components/responses/Error"}
    put:
      tags: [Authentication]
      operationId: replaceAuthenticator
      summary: Replace it, by another backend too
      requestBody: {$ref: "#/components/requestBodies/Authenticator"}
      responses:
        "200": {description: replaced, content: {application/json: {schema: {$ref: "#/components/schemas/Authenticator"}}}}
        default: {$ref: "#/components/responses/Error"}
    delete:
      tags: [Authentication]
      operationId: deleteAuthenticator
      summary: Delete it; everybody is let in
      responses:
        "204": {description: deleted}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/authentication/test:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    post:
      tags: [Authentication]
      operationId: testCredentials
      summary: Ask the authenticator once
      x-ours: true
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [clientid]
              additionalProperties: false
              properties:
                clientid: {type: string, minLength: 1, maxLength: 255}
                username: {type: [string, "null"]}
                password: {type: [string, "null"]}
      responses:
        "200":
          description: the verdict
          content:
            application/json:
              schema:
                type: object
                required: [result, status, reason, took_ms]
                properties:
                  result: {type: string, enum: [allow, deny, unknown, unavailable]}
                  status: {type: integer}
                  reason: {type: string}
                  took_ms: {type: integer}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/authentication/cache:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    delete:
      tags: [Authentication]
      operationId: emptyAuthenticationCache
      summary: Forget kept verdicts
      x-ours: true
      responses:
        "204": {description: emptied}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/authentication/users:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    get:
      tags: [Users]
      operationId: listUsers
      summary: Users of the built-in database
      parameters:
        - {$ref: "#/components/parameters/page"}
        - {$ref: "#/components/parameters/limit"}
        - {name: like_user_id, in: query, schema: {type: string}}
        - {name: is_superuser, in: query, schema: {type: boolean}}
      responses:
        "200":
          description: a page
          content:
            application/json:
              schema:
                type: object
                required: [data, meta]
                properties:
                  data: {type: array, items: {$ref: "#/components/schemas/User"}}
                  meta: {$ref: "#/components/schemas/Meta"}
        default: {$ref: "#/components/responses/Error"}
    post:
      tags: [Users]
      operationId: addUser
      summary: Add a user
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [user_id, password]
              additionalProperties: false
              properties:
                user_id: {type: string, minLength: 1, maxLength: 255}
                password: {type: string, minLength: 1}
                is_superuser: {type: [boolean, "null"]}
                security_profile: {type: [integer, "null"], minimum: 1, maximum: 3}
      responses:
        "201": {description: added, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/authentication/users/{uid}:
    parameters: [{$ref: "#/components/parameters/gateway"}, {$ref: "#/components/parameters/uid"}]
    get:
      tags: [Users]
      operationId: getUser
      summary: One user
      responses:
        "200": {description: the user, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}
        default: {$ref: "#/components/responses/Error"}
    put:
      tags: [Users]
      operationId: changeUser
      summary: Change a user; ends no session unless kick is given
      parameters: [{$ref: "#/components/parameters/kick"}]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              properties:
                user_id: {type: [string, "null"]}
                password: {type: [string, "null"], minLength: 1}
                keep_previous: {$ref: "#/components/schemas/Duration"}
                is_superuser: {type: [boolean, "null"]}
                security_profile: {type: [integer, "null"], minimum: 1, maximum: 3}
      responses:
        "200": {description: changed, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}
        default: {$ref: "#/components/responses/Error"}
    delete:
      tags: [Users]
      operationId: deleteUser
      summary: Delete a user
      parameters: [{$ref: "#/components/parameters/kick"}]
      responses:
        "204": {description: deleted}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/authentication/users/export:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    get:
      tags: [Users]
      operationId: exportUsers
      summary: CSV of hashes, for another gateway's import
      x-ours: true
      responses:
        "200": {description: users, content: {text/csv: {schema: {type: string}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/authentication/import_users:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    post:
      tags: [Users]
      operationId: importUsers
      summary: Import users, all or none; at most 64 MB
      parameters:
        - {name: type, in: query, schema: {type: string, enum: [hash, plain], default: hash}}
        - {name: override, in: query, schema: {type: boolean, default: false}}
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema: {type: object, properties: {filename: {type: string, format: binary}}}
          text/csv: {schema: {type: string}}
          application/json: {schema: {type: array, items: {type: object}}}
      responses:
        "200":
          description: what became of the rows
          content:
            application/json:
              schema:
                type: object
                required: [total, success, override, skipped, failed]
                properties:
                  total: {type: integer}
                  success: {type: integer}
                  override: {type: integer}
                  skipped: {type: integer}
                  failed: {type: integer}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/clients:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    get:
      tags: [Clients]
      operationId: listClients
      summary: Connected charge points, sorted by identity
      parameters:
        - {$ref: "#/components/parameters/page"}
        - {$ref: "#/components/parameters/limit"}
        - {name: clientid, in: query, schema: {type: string}}
        - {name: username, in: query, schema: {type: string}}
        - {name: ip_address, in: query, schema: {type: string}}
        - {name: conn_state, in: query, schema: {type: string, enum: [connected, idle, disconnected]}}
        - {name: proto_ver, in: query, schema: {type: string}}
        - {name: like_clientid, in: query, schema: {type: string}}
        - {name: like_username, in: query, schema: {type: string}}
        - {name: gte_connected_at, in: query, schema: {$ref: "#/components/schemas/Time"}}
        - {name: lte_connected_at, in: query, schema: {$ref: "#/components/schemas/Time"}}
        - {name: gte_created_at, in: query, schema: {$ref: "#/components/schemas/Time"}}
        - {name: lte_created_at, in: query, schema: {$ref: "#/components/schemas/Time"}}
        - {name: node, in: query, schema: {type: string}}
        - {name: listener, in: query, schema: {type: string}, x-ours: true}
        - {name: vendor, in: query, schema: {type: string}, x-ours: true}
      responses:
        "200":
          description: a page
          content:
            application/json:
              schema:
                type: object
                required: [data, meta]
                properties:
                  data: {type: array, items: {$ref: "#/components/schemas/Client"}}
                  meta: {$ref: "#/components/schemas/Meta"}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/clients/{clientid}:
    parameters:
      - {$ref: "#/components/parameters/gateway"}
      - {$ref: "#/components/parameters/clientid"}
      - {$ref: "#/components/parameters/ofListener"}
    get:
      tags: [Clients]
      operationId: getClient
      summary: One charge point
      responses:
        "200": {description: its session, content: {application/json: {schema: {$ref: "#/components/schemas/Client"}}}}
        default: {$ref: "#/components/responses/Error"}
    delete:
      tags: [Clients]
      operationId: kickClient
      summary: Close its session; it may come back at once
      responses:
        "204": {description: gone from the list}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/clients/{clientid}/subscriptions:
    parameters:
      - {$ref: "#/components/parameters/gateway"}
      - {$ref: "#/components/parameters/clientid"}
      - {$ref: "#/components/parameters/ofListener"}
    get:
      tags: [Clients]
      operationId: listSubscriptions
      summary: Its subscription
      responses:
        "200":
          description: subscriptions
          content:
            application/json:
              schema:
                type: array
                items:
                  type: object
                  required: [topic, qos]
                  properties: {topic: {type: string}, qos: {type: integer}}
        default: {$ref: "#/components/responses/Error"}
    post:
      tags: [Clients]
      operationId: subscribe
      summary: Unsupported, as in EMQX's OCPP gateway
      responses:
        "400": {$ref: "#/components/responses/Error"}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/clients/{clientid}/subscriptions/{topic}:
    parameters:
      - {$ref: "#/components/parameters/gateway"}
      - {$ref: "#/components/parameters/clientid"}
      - {name: topic, in: path, required: true, schema: {type: string, minLength: 1}}
    delete:
      tags: [Clients]
      operationId: unsubscribe
      summary: Unsupported, as in EMQX's OCPP gateway
      responses:
        "400": {$ref: "#/components/responses/Error"}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/clients/{clientid}/calls:
    parameters:
      - {$ref: "#/components/parameters/gateway"}
      - {$ref: "#/components/parameters/clientid"}
      - {$ref: "#/components/parameters/ofListener"}
    post:
      tags: [Clients]
      operationId: call
      summary: Send a CALL and wait for its answer
      x-ours: true
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [action]
              additionalProperties: false
              properties:
                action: {type: string, minLength: 1, maxLength: 50}
                payload: {type: object}
                timeout: {$ref: "#/components/schemas/Duration"}
            example: {action: Reset, payload: {type: Soft}, timeout: 30s}
      responses:
        "200":
          description: the charge point's answer
          content:
            application/json:
              schema:
                type: object
                required: [unique_id]
                properties:
                  unique_id: {type: string}
                  result: {type: object}
                  error:
                    type: object
                    required: [code, description, details]
                    properties: {code: {type: string}, description: {type: string}, details: {}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/clients/{clientid}/messages:
    parameters:
      - {$ref: "#/components/parameters/gateway"}
      - {$ref: "#/components/parameters/clientid"}
      - {$ref: "#/components/parameters/ofListener"}
    get:
      tags: [Clients]
      operationId: watchFrames
      summary: Its frames as they come, both ways
      x-ours: true
      responses:
        "200": {description: "`event: message`", content: {text/event-stream: {schema: {type: string}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/schemas/{version}:
    parameters: [{$ref: "#/components/parameters/gateway"}, {$ref: "#/components/parameters/version"}]
    get:
      tags: [Clients]
      operationId: listActions
      summary: Actions that the central system may send
      x-ours: true
      responses:
        "200": {description: actions, content: {application/json: {schema: {type: array, items: {type: string}}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/schemas/{version}/{action}:
    parameters:
      - {$ref: "#/components/parameters/gateway"}
      - {$ref: "#/components/parameters/version"}
      - {name: action, in: path, required: true, schema: {type: string, minLength: 1}}
    get:
      tags: [Clients]
      operationId: getSchema
      summary: The JSON Schema of an action's request
      x-ours: true
      responses:
        "200": {description: JSON Schema, content: {application/json: {schema: {type: object}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/gateways/{gateway}/events:
    parameters: [{$ref: "#/components/parameters/gateway"}]
    get:
      tags: [Gateway]
      operationId: watchEvents
      summary: What happens, as it happens
      x-ours: true
      parameters:
        - name: types
          in: query
          description: connected, disconnected, refused, bad_message, report, broker, stats; several with commas
          schema: {type: string}
        - {name: clientid, in: query, schema: {type: string}}
      responses:
        "200": {description: events by their names, content: {text/event-stream: {schema: {type: string}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/configs:
    get:
      tags: [Configuration]
      operationId: getConfigs
      summary: Every key with its value, default and source
      x-ours: true
      parameters:
        - {name: keys, in: query, description: "several with commas", schema: {type: string}}
      responses:
        "200": {$ref: "#/components/responses/Configs"}
        default: {$ref: "#/components/responses/Error"}
    put:
      tags: [Configuration]
      operationId: putConfigs
      summary: Change keys, all or none; null takes a change back
      x-ours: true
      requestBody: {$ref: "#/components/requestBodies/Object"}
      responses:
        "200": {$ref: "#/components/responses/Configs"}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/configs/{key}:
    parameters: [{name: key, in: path, required: true, schema: {type: string, minLength: 1}}]
    delete:
      tags: [Configuration]
      operationId: takeBackConfig
      summary: Take a change back
      x-ours: true
      responses:
        "204": {description: taken back}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/trace:
    get:
      tags: [Traces]
      operationId: listTraces
      summary: All traces
      responses:
        "200":
          description: traces
          content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Trace"}}}}
        default: {$ref: "#/components/responses/Error"}
    post:
      tags: [Traces]
      operationId: addTrace
      summary: Write what is said about one charge point or address into a file
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, type]
              properties:
                name: {type: string, pattern: "^[A-Za-z0-9_-]{1,64}$"}
                type: {type: string, enum: [clientid, ip_address]}
                clientid: {type: string, minLength: 1, maxLength: 255}
                ip_address: {type: string}
                start_at: {type: [string, integer, "null"]}
                end_at: {type: [string, integer, "null"]}
                formatter: {type: [string, "null"], enum: [text, json, null]}
      responses:
        "200": {description: added, content: {application/json: {schema: {$ref: "#/components/schemas/Trace"}}}}
        default: {$ref: "#/components/responses/Error"}
    delete:
      tags: [Traces]
      operationId: deleteTraces
      summary: Delete all traces
      responses:
        "204": {description: deleted}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/trace/{name}:
    parameters: [{$ref: "#/components/parameters/trace"}]
    delete:
      tags: [Traces]
      operationId: deleteTrace
      summary: Delete a trace and its file
      responses:
        "204": {description: deleted}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/trace/{name}/log:
    parameters: [{$ref: "#/components/parameters/trace"}]
    get:
      tags: [Traces]
      operationId: readTrace
      summary: A piece of its file
      parameters:
        - {name: position, in: query, schema: {type: integer, minimum: 0, maximum: 2147483647}}
        - {name: bytes, in: query, schema: {type: integer, minimum: 1, maximum: 1000000, default: 1000}}
      responses:
        "200":
          description: the piece, and where the next one begins
          content:
            application/json:
              schema:
                type: object
                required: [items, meta]
                properties:
                  items: {type: string}
                  meta: {type: object, properties: {position: {type: integer}, bytes: {type: integer}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/trace/{name}/download:
    parameters: [{$ref: "#/components/parameters/trace"}]
    get:
      tags: [Traces]
      operationId: downloadTrace
      summary: Its file
      responses:
        "200": {description: the file, content: {application/octet-stream: {schema: {type: string, format: binary}}}}
        default: {$ref: "#/components/responses/Error"}
  /api/v5/trace/{name}/stop:
    parameters: [{$ref: "#/components/parameters/trace"}]
    put:
      tags: [Traces]
      operationId: stopTrace
      summary: Stop a trace; its file stays
      responses:
        "200":
          description: stopped
          content:
            application/json:
              schema:
                type: object
                required: [name, enable]
                properties: {name: {type: string}, enable: {type: boolean, const: false}}
        default: {$ref: "#/components/responses/Error"}
components:
  securitySchemes:
    key: {type: http, scheme: basic, description: An API key and its secret}
  parameters:
    gateway: {name: gateway, in: path, required: true, schema: {type: string, const: ocpp}}
    listener: {name: id, in: path, required: true, schema: {type: string, minLength: 1}, example: "ocpp:ws:default"}
    uid: {name: uid, in: path, required: true, schema: {type: string, minLength: 1, maxLength: 255}}
    clientid: {name: clientid, in: path, required: true, schema: {type: string, minLength: 1}}
    ofListener:
      name: listener
      in: query
      description: Which one, where two listeners with mountpoints of their own have the same identity
      x-ours: true
      schema: {type: string}
    version: {name: version, in: path, required: true, schema: {type: string, minLength: 1}, example: "1.6"}
    trace: {name: name, in: path, required: true, schema: {type: string, minLength: 1}}
    page: {name: page, in: query, schema: {type: integer, minimum: 1, maximum: 1000000, default: 1}}
    limit: {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 10000, default: 100}}
    kick:
      name: kick
      in: query
      description: Close the sessions of this user too
      x-ours: true
      schema: {type: boolean, default: false}
  requestBodies:
    Object:
      required: true
      content: {application/json: {schema: {type: object}}}
    Authenticator:
      required: true
      content:
        application/json:
          schema:
            type: object
            required: [backend]
            properties:
              mechanism: {type: string, enum: [password_based, jwt]}
              backend: {type: string}
              enable: {type: boolean}
          example: {mechanism: password_based, backend: built_in_database, user_id_type: username}
  responses:
    Error:
      description: Something else than what was asked for
      content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}
    Configs:
      description: keys with dots
      content:
        application/json:
          schema:
            type: object
            additionalProperties:
              type: object
              required: [value, default, source]
              properties:
                value: {}
                default: {}
                source: {type: string, enum: [environment, change, file, default]}
                change: {}
                file: {}
  schemas:
    Error:
      type: object
      required: [code, message]
      properties:
        code:
          type: string
          enum:
            - BAD_REQUEST
            - INVALID_PARAMETER
            - AUTHORIZATION_HEADER_ERROR
            - BAD_API_KEY_OR_SECRET
            - UNAUTHORIZED_ROLE
            - FOREIGN_ORIGIN
            - READ_ONLY
            - RESOURCE_NOT_FOUND
            - NOT_FOUND
            - METHOD_NOT_ALLOWED
            - ALREADY_EXISTS
            - CONFIG_FIXED
            - QUEUE_FULL
            - DISCONNECTED
            - PAYLOAD_TOO_LARGE
            - UNSUPPORTED_MEDIA_TYPE
            - TOO_MANY_REQUESTS
            - INTERNAL_ERROR
            - SERVICE_UNAVAILABLE
            - TIMEOUT
        message: {type: string}
    Time:
      type: string
      description: RFC 3339, or milliseconds since 1970
    Duration:
      type: [string, integer, "null"]
      description: "`500ms`, `30s`, `5m`, `2h`, or seconds"
    Meta:
      type: object
      required: [page, limit, count, hasnext]
      properties:
        page: {type: integer}
        limit: {type: integer}
        count: {type: integer}
        hasnext: {type: boolean}
    Readiness:
      type: object
      required: [ready, checks]
      properties:
        ready: {type: boolean}
        checks:
          type: object
          required: [listeners, broker, authentication, draining]
          properties:
            listeners: {type: string, enum: [ok, down]}
            broker: {type: string, enum: [ok, down]}
            authentication: {type: string, enum: [ok, down]}
            draining: {type: string, enum: ["yes", "no"]}
    Status:
      type: object
      required: [node_name, broker_status, app_status]
      properties:
        node_name: {type: string}
        broker_status: {type: string}
        app_status: {type: string}
    ConnectionStatus:
      type: object
      required: [max_connections, current_connections]
      properties:
        node: {type: string}
        running: {type: boolean}
        status: {}
        max_connections: {type: integer}
        current_connections: {type: integer}
    GatewayItem:
      type: object
      required: [name, status, created_at, max_connections, current_connections, listeners, node_status]
      properties:
        name: {type: string, const: ocpp}
        status: {type: string, enum: [running, stopped]}
        created_at: {type: string, format: date-time}
        started_at: {type: string, format: date-time}
        stopped_at: {type: string, format: date-time}
        max_connections: {type: integer}
        current_connections: {type: integer}
        listeners: {type: array, items: {type: object}}
        node_status: {type: array, items: {$ref: "#/components/schemas/ConnectionStatus"}}
    Gateway:
      type: object
      required: [name, status, created_at, listeners]
      properties:
        name: {type: string, const: ocpp}
        status: {type: string, enum: [running, stopped]}
        created_at: {type: string, format: date-time}
        listeners: {type: array, items: {$ref: "#/components/schemas/Listener"}}
        authentication: {$ref: "#/components/schemas/Authenticator"}
    Listener:
      type: object
      required: [id, type, name, running, status, node_status]
      properties:
        id: {type: string}
        type: {type: string, enum: [ws, wss]}
        name: {type: string}
        running: {type: boolean}
        status: {$ref: "#/components/schemas/ConnectionStatus"}
        node_status: {type: array, items: {type: object}}
    Authenticator:
      type: object
      required: [id, chain_name]
      properties:
        id: {type: string}
        chain_name: {type: string, const: "ocpp:global"}
        mechanism: {type: string}
        backend: {type: string}
        enable: {type: boolean}
        status: {type: string}
    User:
      type: object
      required: [user_id, is_superuser]
      properties:
        user_id: {type: string}
        is_superuser: {type: boolean}
        security_profile: {type: integer, minimum: 1, maximum: 3}
    Client:
      type: object
      required: [node, clientid, username, proto_name, proto_ver, ip_address, port, connected, connected_at, created_at]
      properties:
        node: {type: string}
        clientid: {type: string}
        username: {type: [string, "null"]}
        proto_name: {type: string, const: OCPP}
        proto_ver: {type: string}
        ip_address: {type: string}
        port: {type: integer}
        mountpoint: {type: string}
        connected: {type: boolean}
        connected_at: {type: string, format: date-time}
        created_at: {type: string, format: date-time}
        disconnected_at: {type: "null"}
        keepalive: {type: integer, description: the heartbeat interval in seconds}
        inflight_cnt: {type: integer, description: the one CALL down}
        mqueue_len: {type: integer, description: the downstream queue}
        mqueue_max: {type: integer}
        mqueue_dropped: {type: integer}
        recv_oct: {type: integer}
        recv_msg: {type: integer}
        send_oct: {type: integer}
        send_msg: {type: integer}
        listener: {type: string, x-ours: true}
        session: {type: string, x-ours: true}
        last_seen_at: {type: string, format: date-time, x-ours: true}
        open_calls_up: {type: integer, x-ours: true}
        bad_messages: {type: integer, x-ours: true}
        last_bad_message: {type: [string, "null"], x-ours: true}
        security_profile: {type: integer, x-ours: true}
        boot:
          x-ours: true
          type: [object, "null"]
          properties:
            vendor: {type: [string, "null"]}
            model: {type: [string, "null"]}
            firmware: {type: [string, "null"]}
    Trace:
      type: object
      required: [name, type, formatter, start_at, end_at, status, log_size]
      properties:
        name: {type: string}
        type: {type: string, enum: [clientid, ip_address]}
        clientid: {type: string}
        ip_address: {type: string}
        formatter: {type: string, enum: [text, json]}
        start_at: {type: string, format: date-time}
        end_at: {type: string, format: date-time}
        status: {type: string, enum: [waiting, running, stopped]}
        log_size: {type: object, additionalProperties: {type: integer}}

"""##
}

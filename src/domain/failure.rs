//! The failure codes: code, layer, words and hint.
//!
//! A code is public interface and never changes its meaning.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where in the stack something failed, lowest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Names.
    Dns,
    /// Connections.
    Tcp,
    /// Encryption and certificates.
    Tls,
    /// Requests and statuses.
    Http,
    /// Bodies and event streams.
    Transport,
    /// JSON-RPC envelopes.
    Jsonrpc,
    /// The MCP handshake.
    Protocol,
    /// Authorization.
    Auth,
    /// The tool list.
    Tools,
    /// Time.
    Latency,
    /// Lifesign's own trouble or policy.
    Internal,
}

impl Layer {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Transport => "transport",
            Self::Jsonrpc => "jsonrpc",
            Self::Protocol => "protocol",
            Self::Auth => "auth",
            Self::Tools => "tools",
            Self::Latency => "latency",
            Self::Internal => "internal",
        }
    }
}

macro_rules! codes {
    ($($name:ident = $text:literal, $layer:ident, $words:literal, $hint:literal;)+) => {
        /// A stable code for what went wrong or was noticed (mcp.md §6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $words] #[serde(rename = $text)] $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as the API says it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The layer that it belongs to.
            pub fn layer(self) -> Layer {
                match self { $(Self::$name => Layer::$layer,)+ }
            }

            /// What it means, in a few words.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }

            /// What to do about it.
            pub fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }

            /// Reads the code as the API says it.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

codes! {
    DnsNxdomain = "dns_nxdomain", Dns, "The host name does not exist", "Check the DNS record and that the domain has not expired.";
    DnsNoAddress = "dns_no_address", Dns, "The name has no address", "Add an A or AAAA record; look for a dangling CNAME.";
    DnsTimeout = "dns_timeout", Dns, "The name servers do not answer", "Check the name servers of the domain.";
    DnsServfail = "dns_servfail", Dns, "The DNS of the domain is broken", "Check the name servers and DNSSEC (DS and RRSIG records).";
    DnsIpv6Broken = "dns_ipv6_broken", Dns, "The IPv6 address does not work, the IPv4 address does", "Make the service reachable over IPv6, or drop the AAAA record.";
    TargetPrivate = "target_private", Internal, "The address is not public and was not probed", "Use a public address, or let the operator open it with LIFESIGN_ALLOW_TARGETS.";
    TcpRefused = "tcp_refused", Tcp, "Nothing listens on the port", "Check that the service runs, and its port and firewall.";
    TcpTimeout = "tcp_timeout", Tcp, "The host does not answer", "Check that the host is up; firewalls and security groups drop packets silently.";
    TcpReset = "tcp_reset", Tcp, "The connection was reset", "Check the proxy or load balancer in front, and whether the port expects TLS.";
    NetUnreachable = "net_unreachable", Tcp, "There is no route to the host", "Check the routing to this address.";
    TlsExpired = "tls_expired", Tls, "The certificate has expired", "Renew the certificate; check the renewal job.";
    TlsNotYetValid = "tls_not_yet_valid", Tls, "The certificate is not valid yet", "Check the clock of the server and when the certificate was issued.";
    TlsHostnameMismatch = "tls_hostname_mismatch", Tls, "The certificate is for other names", "Issue a certificate that lists this host name, or use one of its names.";
    TlsUntrustedCa = "tls_untrusted_ca", Tls, "The certificate was issued by an unknown authority", "Send the full chain with its intermediates, or use a public authority.";
    TlsSelfSigned = "tls_self_signed", Tls, "The certificate is self-signed", "Use a certificate of a public authority.";
    TlsRevoked = "tls_revoked", Tls, "The certificate was revoked", "Issue a new certificate.";
    TlsBadCertificate = "tls_bad_certificate", Tls, "The certificate is malformed or too weak", "Issue a new certificate with current parameters.";
    TlsHandshakeFailure = "tls_handshake_failure", Tls, "No common TLS parameters", "Offer current cipher suites and key exchanges.";
    TlsVersionTooOld = "tls_version_too_old", Tls, "The server speaks only TLS 1.1 or older", "Enable TLS 1.2 or 1.3.";
    TlsUnrecognisedName = "tls_unrecognised_name", Tls, "The proxy has no site for this name", "Check the virtual host and its certificate for this name.";
    TlsClientCertRequired = "tls_client_cert_required", Tls, "The server wants a client certificate", "Clients without a certificate cannot connect.";
    TlsNotTls = "tls_not_tls", Tls, "The port does not speak TLS", "Use http:// or the port that speaks TLS.";
    TlsEof = "tls_eof", Tls, "The connection was closed during the TLS handshake", "Check the health of the load balancer and filters on the server name.";
    TlsExpiringSoon = "tls_expiring_soon", Tls, "The certificate expires soon", "Check the renewal job.";
    HttpTimeoutHeaders = "http_timeout_headers", Http, "Connected, but no answer", "The application hangs or starts slowly; look at its log.";
    HttpTimeoutBody = "http_timeout_body", Http, "The answer started and never finished", "Look for a handler that hangs and for proxy timeouts.";
    HttpProtocolError = "http_protocol_error", Http, "The answer is not valid HTTP", "Check the proxy in front of the service.";
    Http400 = "http_400", Http, "The endpoint refuses the request", "Check the path of the URL and what the server logs.";
    Http404 = "http_404", Http, "There is nothing at this path", "Check the path of the URL; usual ones are /mcp and /sse.";
    Http405 = "http_405", Http, "The path does not take POST requests", "Check the path of the URL; usual ones are /mcp and /sse.";
    Http410 = "http_410", Http, "The endpoint was removed for good", "Ask its owner for the new address.";
    Http4xx = "http_4xx", Http, "The endpoint refuses MCP requests", "Check the path of the URL and what the server logs.";
    Http406 = "http_406_not_acceptable", Http, "The server does not accept our Accept header", "Something in between altered the Accept header; pass it through.";
    Http415 = "http_415_media_type", Http, "The server does not accept our Content-Type header", "Something in between altered the Content-Type header; pass it through.";
    Http413431 = "http_413_431", Http, "The request is too large for the server", "Raise the limits of the proxy, or shorten headers and tokens.";
    HostRejected = "host_rejected", Http, "The server refuses this host name", "Add the public host name to the allowed hosts of the server.";
    WafBlocked = "waf_blocked", Http, "Bot protection blocks clients that are not browsers", "Allow POST requests on the MCP path in the bot protection.";
    RateLimited = "rate_limited", Http, "Too many requests", "Check less often, or raise the limit for monitoring.";
    Http500 = "http_500", Http, "The server fails with an internal error", "Look at the log of the server.";
    Http502 = "http_502", Http, "The gateway gets no valid answer from the server", "Check that the server behind the gateway runs.";
    Http503 = "http_503", Http, "The service is unavailable", "Check that the server behind the gateway runs and is not overloaded.";
    Http504 = "http_504", Http, "The gateway waits in vain for the server", "Look for a hanging server behind the gateway.";
    Http5xx = "http_5xx", Http, "The server fails", "Look at the log of the server and its gateway.";
    EdgeOriginError = "edge_origin_error", Http, "The content delivery network cannot reach the origin", "Check the origin server or its tunnel.";
    RedirectLoop = "redirect_loop", Http, "The redirects go in a circle", "Check the rules for trailing slash and scheme.";
    RedirectTooMany = "redirect_too_many", Http, "Too many redirects", "Use the final URL.";
    Redirected = "redirected", Http, "The URL redirects", "Use the final URL; some clients lose the body or the credentials on the way.";
    RedirectDowngrade = "redirect_downgrade", Http, "The redirect leads from https to plain http", "Make the server trust the forwarded scheme of its proxy.";
    RedirectCrossOrigin = "redirect_cross_origin", Http, "The redirect leads to another host", "Use the URL of the other host.";
    RedirectPostUnsafe = "redirect_post_unsafe", Http, "The redirect turns POST into GET", "Use the final URL, or redirect with 307 or 308.";
    AuthRedirect = "auth_redirect", Http, "The server redirects to a login page", "Answer 401 with a WWW-Authenticate header instead; MCP clients cannot use a login page.";
    PaymentRequired = "payment_required", Http, "Alive; access is paid", "Nothing to do for monitoring without credentials.";
    HtmlAt200 = "html_at_200", Transport, "A web page answers, not an MCP server", "Check the path; a catch-all route or a login page may answer in its place.";
    BodyEmpty = "body_empty", Transport, "The answer is empty", "Look for a crash in the log of the server, and whether the host name is known to the proxy.";
    ContentTypeMissing = "content_type_missing", Transport, "The answer has no Content-Type header", "Send application/json or text/event-stream.";
    ContentTypeWrong = "content_type_wrong", Transport, "The answer has the wrong Content-Type", "Send application/json or text/event-stream.";
    BodyTooLarge = "body_too_large", Transport, "The answer is too large or never ends", "Paginate the list; look for an endless stream.";
    EncodingUnsupported = "encoding_unsupported", Transport, "The answer is compressed although we asked for none", "Do not compress what was asked for with Accept-Encoding: identity.";
    DecompressionBomb = "decompression_bomb", Transport, "The compressed answer grows beyond all reason", "Do not compress what was asked for with Accept-Encoding: identity; paginate the list.";
    CharsetInvalid = "charset_invalid", Transport, "The answer is not UTF-8", "Encode JSON in UTF-8.";
    SseMalformed = "sse_malformed", Transport, "The answer is not an event stream", "Send each message as a data: line followed by an empty line.";
    SseStalled = "sse_stalled", Transport, "The stream opens but nothing arrives", "Turn off buffering and compression in the proxy (X-Accel-Buffering: no); look for a handler that hangs.";
    SseBuffered = "sse_buffered", Transport, "A proxy holds the stream back until it ends", "Turn off buffering and compression in the proxy (X-Accel-Buffering: no).";
    StreamNotClosed = "stream_not_closed", Transport, "The stream is left open after the answer", "End the stream with the answer; connections are lost otherwise.";
    SseNoEndpointEvent = "sse_no_endpoint_event", Transport, "The stream never says where to post", "It may be a Streamable HTTP server: set the transport to auto.";
    SseEndpointInvalid = "sse_endpoint_invalid", Transport, "The endpoint event holds no usable address", "Send a relative or absolute URL in the endpoint event.";
    SseEndpointCrossOrigin = "sse_endpoint_cross_origin", Transport, "The endpoint event points to another origin", "Fix the base URL of the server (root path, forwarded host and scheme); clients refuse it.";
    SseEndpointUnreachable = "sse_endpoint_unreachable", Transport, "The announced address is not there", "Check the mount prefix of the message path.";
    SseResponseMissing = "sse_response_missing", Transport, "The message was accepted and never answered", "Run one worker, or route a session always to the same one.";
    SseStreamClosedEarly = "sse_stream_closed_early", Transport, "The stream was closed before the answer came", "Check the read timeout of the proxy.";
    StreamTruncated = "stream_truncated", Transport, "The answer was cut off", "Check the timeouts of proxies and the log of the server.";
    SseUnterminatedEvent = "sse_unterminated_event", Transport, "The last event is not terminated", "End every event with an empty line; strict clients lose it otherwise.";
    JsonInvalid = "json_invalid", Jsonrpc, "The answer is not JSON", "Look for log lines printed into the answer.";
    JsonrpcInvalid = "jsonrpc_invalid", Jsonrpc, "The answer is not JSON-RPC 2.0", "Answer with jsonrpc \"2.0\", the id, and either result or error.";
    JsonrpcIdMismatch = "jsonrpc_id_mismatch", Jsonrpc, "The answer belongs to another request", "Echo the id of the request; look for caches and crossed answers.";
    JsonrpcIdType = "jsonrpc_id_type", Jsonrpc, "The answer changed the type of the id", "Echo the id as it was sent; upgrade the SDK.";
    JsonrpcBatchResponse = "jsonrpc_batch_response", Jsonrpc, "The answer is an array", "Answer one request with one object.";
    JsonrpcErrorShape = "jsonrpc_error_shape", Jsonrpc, "The error object is malformed", "Send an integer code and a message.";
    ResponseCached = "response_cached", Jsonrpc, "A cache answers MCP requests", "Send Cache-Control: no-store and exclude the path from the cache.";
    InitializeRejected = "initialize_rejected", Protocol, "The server refuses the handshake", "See the message of the server.";
    InitializeResultInvalid = "initialize_result_invalid", Protocol, "The handshake is incomplete", "Send protocolVersion, capabilities and serverInfo; upgrade the SDK.";
    VersionUnsupported = "version_unsupported", Protocol, "There is no common protocol version", "Upgrade the server.";
    VersionUnknown = "version_unknown", Protocol, "The server offers a protocol version that is not published", "Check the version that the server sends.";
    VersionHeaderRejected = "version_header_rejected", Protocol, "The server refuses the version that it negotiated", "Accept the negotiated version in MCP-Protocol-Version.";
    EraRegression = "era_regression", Protocol, "One generation of clients can no longer connect", "Serve initialize and 2026-07-28 at the same address, or tell the clients; what stays away for a week counts as dropped on purpose.";
    ModernHeadersStripped = "modern_headers_stripped", Protocol, "A proxy drops the Mcp headers", "Pass the headers MCP-Protocol-Version, Mcp-Method and Mcp-Name through.";
    ModernMetaRejected = "modern_meta_rejected", Protocol, "The server refuses requests of 2026-07-28 that are complete", "Read protocolVersion and clientCapabilities from params._meta; upgrade the SDK.";
    DiscoverMissing = "discover_missing", Protocol, "The server does not answer server/discover", "Implement server/discover; 2026-07-28 demands it.";
    ResultTypeInvalid = "result_type_invalid", Protocol, "The result is of an unknown kind", "Answer with resultType \"complete\".";
    InitializedRejected = "initialized_rejected", Protocol, "The server refuses the initialized notification", "Answer it with 202.";
    NotificationStatus = "notification_status", Protocol, "The notification was not answered with 202", "Answer notifications with 202 and an empty body.";
    SessionIdInvalid = "session_id_invalid", Protocol, "The session id holds characters that are not allowed", "Use visible ASCII only.";
    SessionLost = "session_lost", Protocol, "The server forgets sessions that it just opened", "Several instances without session affinity: route by session, run one worker, or go stateless.";
    SessionCookieAffinity = "session_cookie_affinity", Protocol, "Sessions work only for clients that keep cookies", "Route by the Mcp-Session-Id header, or go stateless; most clients keep no cookies.";
    SessionExpired400 = "session_expired_400", Protocol, "An unknown session is answered with 400", "Answer 404, so that clients open a new session.";
    SessionInconsistent = "session_inconsistent", Protocol, "The session id changes within a session", "Send the same session id, or only with the first answer.";
    PingFailed = "ping_failed", Protocol, "The server does not answer ping", "Answer ping with an empty result.";
    ToolsListError = "tools_list_error", Tools, "The handshake works, the tools cannot be listed", "Look at the log of the server.";
    ToolsResultInvalid = "tools_result_invalid", Tools, "The tool list is malformed", "Answer with an array of tools; clients drop the whole list otherwise.";
    ToolsEmpty = "tools_empty", Tools, "No tools are offered although they are declared", "Check what the credentials allow, and whether tools failed to load.";
    ToolsChanged = "tools_changed", Tools, "The tools are others than before", "Compare them; accept them when they are as they should be.";
    ToolsDescriptionChanged = "tools_description_changed", Tools, "The description of a tool was rewritten", "Read it: to a model it is an instruction.";
    ToolsFlapping = "tools_flapping", Tools, "The tools are others at every turn", "Look for instances of different versions behind one address.";
    ToolHeaderAnnotationInvalid = "tool_header_annotation_invalid", Tools, "An x-mcp-header annotation makes clients drop the tool", "Name each header once, by a token, on a string, integer or boolean.";
    CanaryProtocolError = "canary_protocol_error", Tools, "The call of a tool fails", "Look at the log of the server, and at the arguments of the canary.";
    CanaryToolError = "canary_tool_error", Tools, "The tool reports an error", "The server works; look at what the tool depends on.";
    CanaryTimeout = "canary_timeout", Tools, "The call of a tool is not answered in time", "Look for a hanging dependency of the tool, or allow it more time.";
    CanarySchemaMismatch = "canary_schema_mismatch", Tools, "The result of a tool is not what its schema promises", "Send structuredContent that fits the outputSchema.";
    CanaryAssertionFailed = "canary_assertion_failed", Tools, "The result of a tool is not what was expected", "Compare the result with what the canary asserts.";
    CanaryInputRequired = "canary_input_required", Tools, "The tool wants to ask somebody", "Choose a tool that needs nobody to answer.";
    CanaryPaused = "canary_paused", Tools, "The canary is not called", "Look at the tool, and agree to it again or choose another one.";
    ToolsMissing = "tools_missing", Tools, "Expected tools are missing", "Check the last deployment, or change what is expected.";
    ToolNameDuplicate = "tool_name_duplicate", Tools, "Two tools have the same name", "Give every tool a name of its own.";
    ToolNameInvalid = "tool_name_invalid", Tools, "A tool name holds characters that some clients reject", "Use 1 to 128 letters, digits, underscores, hyphens and dots.";
    ToolSchemaInvalid = "tool_schema_invalid", Tools, "A tool schema makes strict clients drop the tools", "Use an object schema: type \"object\", properties an object, required an array.";
    ToolsTooMany = "tools_too_many", Tools, "So many tools are costly for models", "Offer fewer tools, or split the server.";
    ToolsPayloadLarge = "tools_payload_large", Tools, "The tool list is so large that it is costly for models", "Shorten descriptions and schemas.";
    PaginationLoop = "pagination_loop", Tools, "The tool list never ends", "Honour the cursor; end the list with no nextCursor.";
    PaginationError = "pagination_error", Tools, "The second page of tools fails", "Accept the cursor that the server gave out.";
    AuthRequired = "auth_required", Auth, "Alive; needs a login", "Add credentials to check what is behind it.";
    AuthRequiredOpaque = "auth_required_opaque", Auth, "Alive; needs credentials, but does not say which", "Send a WWW-Authenticate header with the answer 401.";
    AuthNonBearer = "auth_non_bearer", Auth, "Alive; needs credentials that are not OAuth", "Add the header that the server wants.";
    AuthInvalid = "auth_invalid", Auth, "The credentials are not accepted", "Renew the credentials.";
    AuthInsufficientScope = "auth_insufficient_scope", Auth, "The credentials do not allow enough", "Grant the scopes that the server names.";
    AuthFlaky = "auth_flaky", Auth, "The same credentials are accepted and refused", "Look for instances that disagree, or caches of tokens.";
    AuthInJsonrpc = "auth_in_jsonrpc", Auth, "The server asks for a login inside JSON-RPC", "Answer 401 with a WWW-Authenticate header, so that clients can log in.";
    AuthExpired = "auth_expired", Auth, "The credentials worked and are no longer valid", "Renew the token; it has expired or was revoked.";
    AuthMetadataBroken = "auth_metadata_broken", Auth, "Nobody new can log in: the documents that lead to the login are broken", "Serve protected-resource metadata (RFC 9728) and authorization-server metadata (RFC 8414) where clients look for them.";
    AuthResourceMismatch = "auth_resource_mismatch", Auth, "Nobody new can log in: the metadata is for another resource", "Let `resource` in the protected-resource metadata be the URL of this endpoint.";
    AuthIssuerMismatch = "auth_issuer_mismatch", Auth, "Strict clients cannot log in: the issuer is another one than was named", "Let `issuer` be byte for byte what the protected-resource metadata names.";
    AuthPkceMissing = "auth_pkce_missing", Auth, "Strict clients cannot log in: PKCE with S256 is not announced", "List S256 in code_challenge_methods_supported.";
    AuthAsUnreachable = "auth_as_unreachable", Auth, "Nobody new can log in: the authorization server does not answer", "Check the authorization server.";
    AuthTokenEndpointFailed = "auth_token_endpoint_failed", Auth, "There is no token for the configured client", "Check client id, key and scope, and the authorization server.";
    AuthOpened = "auth_opened", Auth, "What was behind a login is open now", "Check that the server is meant to be open to everybody.";
    AuthLegacyAsRoot = "auth_legacy_as_root", Auth, "The login is described as in 2025-03-26 only", "Serve protected-resource metadata (RFC 9728); later clients look for nothing else.";
    HttpsOnly = "https_only", Auth, "Plain http over the public network", "Serve the endpoint over https.";
    WwwAuthenticate = "www_authenticate", Auth, "The answer 401 names no way to log in", "Send WWW-Authenticate: Bearer resource_metadata=\"…\" with the answer 401.";
    PrmResource = "prm_resource", Auth, "The metadata names the resource in a way that strict clients refuse", "Let `resource` in the protected-resource metadata be the very URL of this endpoint.";
    PrmBearerMethods = "prm_bearer_methods", Auth, "The metadata does not list tokens in the header", "List header in bearer_methods_supported.";
    PrmScopes = "prm_scopes", Auth, "The metadata lists odd scopes", "List the scopes of this resource only; offline_access is none of them.";
    AsRegistration = "as_registration", Auth, "Clients have to be registered by hand", "Support client-ID metadata documents, so that clients nobody knows can log in.";
    CredentialExpiring = "credential_expiring", Auth, "The configured credentials expire soon", "Put in a new token before then.";
    ColdStart = "cold_start", Latency, "The server sleeps when it is idle", "Keep one instance awake, or raise its minimum.";
    SlowConnect = "slow_connect", Latency, "Connecting alone takes longer than the threshold", "Look at the network, the DNS and the TLS termination.";
    SlowTtfb = "slow_ttfb", Latency, "The first answer alone takes longer than the threshold", "Look at what the server does before it answers initialize.";
    SlowTotal = "slow_total", Latency, "Slower than the threshold", "Look at the slowest phase.";
    MonitorError = "monitor_error", Internal, "Lifesign could not measure", "Not the server's fault; see Lifesign's own log.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_word_with_words_and_a_hint() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{}", code.as_str());
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            assert!(!code.words().ends_with('.') && code.hint().ends_with('.'));
        }
    }
}

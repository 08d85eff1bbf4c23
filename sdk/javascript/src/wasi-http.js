// One request by `wasi:http`, within the host.
import { handle } from "wasi:http/outgoing-handler@0.2.1";
import { Fields, OutgoingBody, OutgoingRequest, RequestOptions, httpErrorCode } from "wasi:http/types@0.2.1";

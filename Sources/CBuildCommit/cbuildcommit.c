#include "cbuildcommit.h"

// From OCPP_GATEWAY_COMMIT, over Package.swift. A target of its own, so that a commit makes the compiler read no more
// than this.
const char *cbuildcommit(void) {
    return OCPP_GATEWAY_COMMIT;
}

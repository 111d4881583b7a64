#pragma once

/// The commit that this was built from; empty: nobody has said.
const char *cbuildcommit(void);

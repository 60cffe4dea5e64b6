//! Which tools stay on the loop's thread, and which may be taken to others (D-10).

use evergreen_testing::kill_points::Stage;
use evergreen_testing::{Freeze, MemoryStream, TestLoop, Trace, VirtualClock};
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_not_impl_any!(VirtualClock: Send, Sync);
assert_not_impl_any!(Freeze: Send, Sync);
assert_not_impl_any!(Stage: Send, Sync);
assert_not_impl_any!(TestLoop: Send, Sync);
assert_impl_all!(VirtualClock: Clone);
assert_impl_all!(Trace: Send, Sync, Clone);
assert_impl_all!(MemoryStream: Send, Sync, Unpin);

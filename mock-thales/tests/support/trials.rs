//! The list of a test program's tests. A test that is missing from it is dead code, which the compiler tells.

/// `module::function: tool tool;`, with `.await` behind an asynchronous function. Each test runs in a runtime of its
/// own.
macro_rules! trials {
    ($($module:ident::$test:ident $(.$await:ident)? $(: $($tool:ident)+)?;)+) => {
        vec![$(crate::tools::trial(
            concat!(stringify!($module), "::", stringify!($test)),
            &[$($(stringify!($tool)),+)?],
            || crate::trials::run(async { $module::$test()$(.$await)? }),
        )),+]
    };
}

pub(crate) use trials;

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(test);
}

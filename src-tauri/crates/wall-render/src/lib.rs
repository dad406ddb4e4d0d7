//! wall-render

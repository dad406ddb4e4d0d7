//! wall-store

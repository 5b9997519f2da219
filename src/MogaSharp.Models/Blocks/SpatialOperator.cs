using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Something that mixes pixels and keeps the shape, such as a depthwise convolution or a global filter.</summary>
/// <param name="scope">The module that it is a part of; its own parameters are named under this.</param>
/// <param name="x">The feature map (N, C, H, W).</param>
/// <returns>A feature map of the same shape.</returns>
public delegate Value SpatialOperator(Scope scope, Value x);
